import { deadLetterStream, dtos, models, type QueueContract, queues } from '@codegen/contracts';

/** A stream, as the list of contracts shows it. */
export interface ListedQueue {
  stream: string;
  kind: QueueContract['kind'];
  model: string;
  group: string | null;
  producers: readonly string[];
  consumers: readonly string[];
  legacy_streams: readonly string[];
  dead_letter_stream: string | null;
  summary: string;
}

/** Every stream, the message models that no stream carries by themselves, and the bodies and queries of the REST API. */
export interface ContractList {
  queues: ListedQueue[];
  other_models: string[];
  dtos: string[];
}

/** Lists what crosses Redis and HTTP. */
export function listContracts(): ContractList {
  const listed = (queues as readonly QueueContract[]).map((queue) => ({
    stream: queue.stream,
    kind: queue.kind,
    model: queue.model,
    group: queue.group ?? null,
    producers: queue.producers,
    consumers: queue.consumers,
    legacy_streams: queue.legacyStreams ?? [],
    dead_letter_stream: queue.kind === 'work' ? deadLetterStream(queue.stream) : null,
    summary: queue.summary,
  }));
  const carried = new Set(listed.map(({ model }) => model));
  const other_models = Object.keys(models).filter((name) => !carried.has(name));
  return { queues: listed, other_models, dtos: Object.keys(dtos) };
}
