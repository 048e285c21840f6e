import type { EntryFields } from '@codegen/contracts';
import type { ClaimedEntry, StreamEntry } from '../queue/entry.js';
import { compareEntryIds, partsOf } from '../queue/entry-id.js';

interface Pending {
  consumer: string;
  /** Since when it is leased, by the queue's clock. */
  sinceMs: number;
  deliveries: number;
}

/** A group's place in a stream, and what it has not acknowledged. */
export interface MemoryGroup {
  lastDelivered: string;
  readonly pending: Map<string, Pending>;
  /** When each consumer was last seen. */
  readonly consumers: Map<string, number>;
}

/** A stream with its groups, as Redis keeps one. */
export class MemoryStream {
  readonly name: string;
  readonly entries = new Map<string, EntryFields>();
  readonly groups = new Map<string, MemoryGroup>();
  lastId = '0-0';

  constructor(name: string) {
    this.name = name;
  }

  add(fields: EntryFields, nowMs: number): string {
    const [lastMs, sequence] = partsOf(this.lastId);
    const id = nowMs > lastMs ? `${nowMs}-0` : `${lastMs}-${sequence + 1}`;
    this.entries.set(id, { ...fields });
    this.lastId = id;
    return id;
  }

  /** Entries after a position, oldest first. */
  after(position: string, count: number): StreamEntry[] {
    const found: StreamEntry[] = [];
    for (const [id, fields] of this.entries) {
      if (found.length === count) break;
      if (compareEntryIds(id, position) > 0) found.push({ stream: this.name, id, fields: { ...fields } });
    }
    return found;
  }

  /** Delivers new entries to a consumer. Throws as Redis does where there is no such group. */
  deliver(groupName: string, consumer: string, count: number, nowMs: number): StreamEntry[] {
    const group = this.group(groupName);
    const entries = this.after(group.lastDelivered, count);
    group.consumers.set(consumer, nowMs);
    for (const { id } of entries) {
      group.lastDelivered = id;
      group.pending.set(id, { consumer, sinceMs: nowMs, deliveries: 1 });
    }
    return entries;
  }

  group(name: string): MemoryGroup {
    const group = this.groups.get(name);
    if (!group) throw new Error(`NOGROUP No such consumer group '${name}' for '${this.name}'`);
    return group;
  }

  /** What an entry is pending with, where it is this consumer's. */
  pendingOf(groupName: string, consumer: string, id: string): Pending | undefined {
    const pending = this.groups.get(groupName)?.pending.get(id);
    return pending?.consumer === consumer ? pending : undefined;
  }

  /** Leases a pending entry to a consumer; undefined where the entry itself is gone. */
  lease(
    groupName: string,
    consumer: string,
    id: string,
    how: { nowMs: number; counts: boolean },
  ): ClaimedEntry | undefined {
    const group = this.group(groupName);
    const [fields, pending] = [this.entries.get(id), group.pending.get(id)];
    if (!fields || !pending) {
      group.pending.delete(id);
      return undefined;
    }
    const deliveries = pending.deliveries + (how.counts ? 1 : 0);
    group.pending.set(id, { consumer, sinceMs: how.nowMs, deliveries });
    group.consumers.set(consumer, how.nowMs);
    return { stream: this.name, id, fields: { ...fields }, deliveries };
  }

  /** Removes what all groups have acknowledged; says how many. */
  trimAcknowledged(): number {
    const groups = [...this.groups.values()];
    const kept = (id: string) =>
      groups.some(({ lastDelivered, pending }) => compareEntryIds(id, lastDelivered) > 0 || pending.has(id));
    let gone = 0;
    for (const id of [...this.entries.keys()]) {
      if (groups.length === 0 || kept(id)) break;
      this.entries.delete(id);
      gone += 1;
    }
    return gone;
  }

  /** Ends an entry. */
  remove(groupName: string, id: string): void {
    this.groups.get(groupName)?.pending.delete(id);
    this.entries.delete(id);
  }
}
