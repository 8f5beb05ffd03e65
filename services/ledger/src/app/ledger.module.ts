import { type DynamicModule, Module } from '@nestjs/common';
import { Lanes } from '../lanes/lanes.js';
import { LedgerController } from './ledger.controller.js';

@Module({})
// biome-ignore lint/complexity/noStaticOnlyClass: a Nest module is a class
export class LedgerModule {
  static with(lanes: Lanes): DynamicModule {
    return {
      module: LedgerModule,
      controllers: [LedgerController],
      providers: [{ provide: Lanes, useValue: lanes }],
    };
  }
}
