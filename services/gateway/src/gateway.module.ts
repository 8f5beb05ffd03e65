import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { Health, type Logger, type Registry } from '@subledger/service-kit';
import type pg from 'pg';
import { ApiKeysController } from './access/api-keys.controller.js';
import { ApiKeysService } from './access/api-keys.service.js';
import type { KeyUse } from './access/key-use.js';
import type { KnownKeys } from './access/known-keys.js';
import { LoginsController } from './access/logins.controller.js';
import { LoginsService } from './access/logins.service.js';
import { SessionController } from './access/session.controller.js';
import { type SessionParts, SessionsService } from './access/sessions.service.js';
import { OpenController, PUBLIC_URL } from './api/open.controller.js';
import { AuditController } from './audit/audit.controller.js';
import { AuditLogService } from './audit/audit-log.service.js';
import type { DependencyMonitor } from './availability/dependency-monitor.js';
import { readingFrom } from './database/sql-reader.js';
import type { PrismaClient } from './generated/prisma/client.js';
import { MainAccountsController } from './main-accounts/main-accounts.controller.js';
import { MainAccountsService } from './main-accounts/main-accounts.service.js';
import { MainAccountsStore } from './main-accounts/main-accounts-store.js';
import { MessageLogController } from './message-log/message-log.controller.js';
import { MessageLog } from './message-log/message-log.js';
import { MessagesController } from './message-log/messages.controller.js';
import { MessagesService } from './message-log/messages.service.js';
import type { MessageLogParts } from './message-log/start-message-log.js';
import type { DirectRunner } from './operations/direct-runner.js';
import { OperationsController } from './operations/operations.controller.js';
import { OperationsService } from './operations/operations.service.js';
import type { WriteRunner } from './operations/write-runner.js';
import { PeriodsController } from './periods/periods.controller.js';
import { PeriodsService } from './periods/periods.service.js';
import { ResetPreviewService } from './periods/reset-preview.service.js';
import { StatementsStore } from './periods/statements-store.js';
import { HoldsController } from './points/holds.controller.js';
import { HoldsService } from './points/holds.service.js';
import { PointsController } from './points/points.controller.js';
import { PointsService } from './points/points.service.js';
import { TransfersStore } from './points/transfers-store.js';
import { EventsController } from './read-model/events.controller.js';
import { ReadModel } from './read-model/read-model.js';
import type { CustomerLimits } from './request/customer-limits.js';
import { SenderNumbersController } from './sender-numbers/sender-numbers.controller.js';
import { SenderNumbersService } from './sender-numbers/sender-numbers.service.js';
import { StreamsController } from './streams/streams.controller.js';
import { StreamsService } from './streams/streams.service.js';
import { MeController } from './sub-accounts/me.controller.js';
import { SubAccountsController } from './sub-accounts/sub-accounts.controller.js';
import { SubAccountsService } from './sub-accounts/sub-accounts.service.js';
import { SubAccountsStore } from './sub-accounts/sub-accounts-store.js';
import { WebhookDeliveriesService } from './webhooks/webhook-deliveries.service.js';
import { WebhooksController } from './webhooks/webhooks.controller.js';
import { type WebhookParts, WebhooksService } from './webhooks/webhooks.service.js';

/** Connections and parts that `startGateway` has made. */
export interface GatewayParts {
  readonly publicUrl: string;
  /** Both use the same connections. */
  readonly database: { readonly prisma: PrismaClient; readonly pool: pg.Pool };
  readonly keys: KnownKeys;
  readonly keyUse: KeyUse;
  readonly customers: CustomerLimits;
  readonly readModel: ReadModel;
  readonly runner: WriteRunner;
  readonly directRunner: DirectRunner;
  readonly messages: MessageLogParts;
  readonly webhooks: WebhookParts;
  readonly monitor: DependencyMonitor;
  readonly health: Health;
  readonly metrics: Registry;
  readonly log: Logger;
  readonly sessions: SessionParts;
  readonly streams: StreamsService;
}

@Module({
  controllers: [
    OpenController,
    MainAccountsController,
    PointsController,
    SubAccountsController,
    ApiKeysController,
    HoldsController,
    OperationsController,
    MeController,
    SenderNumbersController,
    SessionController,
    LoginsController,
    EventsController,
    MessagesController,
    MessageLogController,
    PeriodsController,
    WebhooksController,
    StreamsController,
    AuditController,
  ],
})
class GatewayModule {}

export function gatewayModule(parts: GatewayParts): DynamicModule {
  return { module: GatewayModule, providers: providersOf(parts) };
}

/** Connected by hand: the graph is small, and the classes need no injection tokens. */
function providersOf(parts: GatewayParts): Provider[] {
  const { publicUrl, runner, webhooks } = parts;
  const { prisma, pool } = parts.database;
  const reader = readingFrom(pool);
  const mains = new MainAccountsStore(reader, publicUrl);
  const subs = new SubAccountsStore(reader);
  return [
    { provide: Health, useValue: parts.health },
    { provide: PUBLIC_URL, useValue: publicUrl },
    { provide: MainAccountsService, useValue: new MainAccountsService(mains, runner) },
    { provide: SubAccountsService, useValue: new SubAccountsService(subs, mains, runner) },
    { provide: PointsService, useValue: new PointsService(new TransfersStore(prisma), mains, subs, runner) },
    {
      provide: ApiKeysService,
      useValue: new ApiKeysService(prisma, mains, runner, parts.keys, parts.customers),
    },
    {
      provide: LoginsService,
      useValue: new LoginsService(mains, subs, parts.sessions.attempts, runner),
    },
    { provide: SessionsService, useValue: new SessionsService(parts.sessions) },
    { provide: SenderNumbersService, useValue: new SenderNumbersService(prisma, mains, runner) },
    { provide: HoldsService, useValue: new HoldsService(prisma, parts.directRunner) },
    { provide: OperationsService, useValue: new OperationsService(prisma, publicUrl) },
    { provide: MessageLog, useValue: parts.messages.messageLog },
    { provide: MessagesService, useValue: new MessagesService(prisma, mains, parts.messages.downloads) },
    {
      provide: PeriodsService,
      useValue: new PeriodsService(new StatementsStore(pool), mains, parts.messages.downloads),
    },
    { provide: ResetPreviewService, useValue: new ResetPreviewService(pool, mains) },
    { provide: WebhooksService, useValue: new WebhooksService(prisma, mains, runner, webhooks) },
    {
      provide: WebhookDeliveriesService,
      useValue: new WebhookDeliveriesService(prisma, runner, webhooks),
    },
    { provide: AuditLogService, useValue: new AuditLogService(prisma, mains) },
    { provide: ReadModel, useValue: parts.readModel },
    { provide: StreamsService, useValue: parts.streams },
  ];
}
