import { readdirSync, readFileSync } from 'node:fs';

const folder = new URL('./fixtures/', import.meta.url);

/** A JSON document of the fixtures folder. */
export function readFixture<T>(path: string): T {
  return JSON.parse(readFileSync(new URL(path, folder), 'utf8')) as T;
}

/** File of a queue's example messages: the stream's name with `-` for `:` and without braces. */
export function messagesFileOf(stream: string): string {
  return `${stream.replaceAll(':', '-').replace(/[{}]/g, '')}.json`;
}

/** Names of all files of example messages. */
export function messageFiles(): string[] {
  return readdirSync(new URL('messages/', folder));
}
