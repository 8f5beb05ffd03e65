import type { DomainEvent } from '@subledger/core';
import type { LedgerMetrics } from '../metrics.js';

/** What a slice did, added to the metrics only once it is committed: a slice may be tried more than once. */
export class SliceCounts {
  forwarded = 0;
  duplicateCommands = 0;
  duplicateMessages = 0;
  private readonly records = new Map<string, number>();
  private readonly events = new Map<string, number>();
  private readonly rejections = new Map<string, number>();
  private readonly deadLetters = new Map<string, number>();

  record(topic: string): void {
    add(this.records, topic);
  }

  event(event: DomainEvent): void {
    add(this.events, event.name);
    if (event.name === 'command.rejected') this.rejection((event.detail as { code: string }).code);
  }

  rejection(code: string): void {
    add(this.rejections, code);
  }

  deadLetter(reason: string): void {
    add(this.deadLetters, reason);
  }

  addTo(metrics: LedgerMetrics): void {
    for (const [topic, count] of this.records) metrics.records.inc({ topic }, count);
    for (const [name, count] of this.events) metrics.decisions.inc({ name }, count);
    for (const [code, count] of this.rejections) metrics.rejections.inc({ code }, count);
    for (const [reason, count] of this.deadLetters) metrics.deadLetters.inc({ reason }, count);
    metrics.forwarded.inc(this.forwarded);
    metrics.duplicates.inc({ kind: 'command' }, this.duplicateCommands);
    metrics.duplicates.inc({ kind: 'message' }, this.duplicateMessages);
  }
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
