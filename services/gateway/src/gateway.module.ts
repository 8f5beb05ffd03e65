import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { Health, type Logger, type Registry } from '@subledger/service-kit';
import { ApiKeysService } from './access/api-keys.service.js';
import type { KnownKeys } from './access/known-keys.js';
import { type SessionParts, SessionsService } from './access/sessions.service.js';
import { HoldsService } from './accounts/holds.service.js';
import { MainAccountsService } from './accounts/main-accounts.service.js';
import { MainAccountsStore } from './accounts/main-accounts-store.js';
import { PointsService } from './accounts/points.service.js';
import { SenderNumbersService } from './accounts/sender-numbers.service.js';
import { SubAccountsService } from './accounts/sub-accounts.service.js';
import { SubAccountsStore } from './accounts/sub-accounts-store.js';
import { TransfersStore } from './accounts/transfers-store.js';
import type { DependencyMonitor } from './availability/dependency-monitor.js';
import type { PrismaClient } from './generated/prisma/client.js';
import { AccessController } from './http/access.controller.js';
import { MainAccountsController } from './http/main-accounts.controller.js';
import { MessagesController } from './http/messages.controller.js';
import { OpenController, PUBLIC_URL } from './http/open.controller.js';
import { PointsController } from './http/points.controller.js';
import { SenderNumbersController } from './http/sender-numbers.controller.js';
import { SessionController } from './http/session.controller.js';
import { SubAccountsController } from './http/sub-accounts.controller.js';
import { MessageLogController } from './message-log/message-log.controller.js';
import { MessageLog } from './message-log/message-log.js';
import { MessagesService } from './message-log/messages.service.js';
import type { MessageLogParts } from './message-log/start-message-log.js';
import type { DirectRunner } from './operations/direct-runner.js';
import { OperationsService } from './operations/operations.service.js';
import type { WriteRunner } from './operations/write-runner.js';
import { EventsController } from './read-model/events.controller.js';
import { ReadModel } from './read-model/read-model.js';

/** What `startGateway` made: connections and the machinery of writes. */
export interface GatewayParts {
  readonly publicUrl: string;
  readonly prisma: PrismaClient;
  readonly keys: KnownKeys;
  readonly readModel: ReadModel;
  readonly runner: WriteRunner;
  readonly direct: DirectRunner;
  readonly messages: MessageLogParts;
  readonly monitor: DependencyMonitor;
  readonly health: Health;
  readonly metrics: Registry;
  readonly log: Logger;
  readonly sessions: SessionParts;
}

@Module({
  controllers: [
    OpenController,
    MainAccountsController,
    PointsController,
    SubAccountsController,
    AccessController,
    SenderNumbersController,
    SessionController,
    EventsController,
    MessagesController,
    MessageLogController,
  ],
})
class GatewayModule {}

export function gatewayModule(parts: GatewayParts): DynamicModule {
  return { module: GatewayModule, providers: providersOf(parts) };
}

/** Wired by hand: the graph is small, and the classes stay free of injection tokens. */
function providersOf(parts: GatewayParts): Provider[] {
  const { prisma, publicUrl, runner } = parts;
  const mains = new MainAccountsStore(prisma, publicUrl);
  const subs = new SubAccountsStore(prisma);
  return [
    { provide: Health, useValue: parts.health },
    { provide: PUBLIC_URL, useValue: publicUrl },
    { provide: MainAccountsService, useValue: new MainAccountsService(mains, runner) },
    { provide: SubAccountsService, useValue: new SubAccountsService(subs, mains, runner) },
    { provide: PointsService, useValue: new PointsService(new TransfersStore(prisma), mains, subs, runner) },
    { provide: ApiKeysService, useValue: new ApiKeysService(prisma, mains, runner, parts.keys) },
    { provide: SessionsService, useValue: new SessionsService(parts.sessions) },
    { provide: SenderNumbersService, useValue: new SenderNumbersService(prisma, mains, runner) },
    { provide: HoldsService, useValue: new HoldsService(prisma, parts.direct) },
    { provide: OperationsService, useValue: new OperationsService(prisma, publicUrl) },
    { provide: MessageLog, useValue: parts.messages.messageLog },
    { provide: MessagesService, useValue: new MessagesService(prisma, mains, parts.messages.downloads) },
    { provide: ReadModel, useValue: parts.readModel },
  ];
}
