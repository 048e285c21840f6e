import { engineeringQueue } from '@codegen/contracts';

/** Adds entries like those of our publish. */
export function preload(redis, messages) {
  return addAll(
    redis,
    messages.map((message) => JSON.stringify(message)),
    1000,
  );
}

/** Adds documents in pipelines of `atATime`, one after the other. */
export async function addAll(redis, documents, atATime) {
  for (let i = 0; i < documents.length; i += atATime) {
    const pipeline = redis.pipeline();
    for (const document of documents.slice(i, i + atATime))
      pipeline.xadd(engineeringQueue.stream, '*', 'data', document);
    for (const [error] of await pipeline.exec()) if (error) throw error;
  }
}
