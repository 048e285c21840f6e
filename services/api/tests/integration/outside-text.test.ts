import { expect, test } from 'vitest';
import { onBothDatabases } from '../support/both-databases.js';
import type { Client } from '../support/test-api.js';

interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Record<string, Schema>;
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly additionalProperties?: Schema | boolean;
  readonly propertyNames?: Schema;
  readonly minimum?: number;
}

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: Schema }[];
  readonly requestBody?: { readonly content: Record<string, { readonly schema: Schema }> };
}

/** What no database holds, and what each of them does, as it may stand in any text. */
const TEXTS = ['a\u0000b', 'half \ud83d', '\ufffe \u001b[31mred'];
/** The same as bytes of a URL, those that are no UTF-8 too. */
const IN_URLS = ['a%00b', '%ff%c3%28', '%ed%a0%80'];

/** Documents that fit a schema but for one of their texts, which is this one. */
function withText(schema: Schema, text: string): unknown[] {
  const options = schema.anyOf ?? schema.oneOf;
  if (options) return options.flatMap((one) => withText(one, text));
  if (schema.items) return withText(schema.items, text).map((item) => [item]);
  if (schema.properties) {
    const properties = Object.entries(schema.properties);
    return properties.flatMap(([name, inner]) =>
      withText(inner, text).map((value) => ({
        ...Object.fromEntries(properties.map(([other, fill]) => [other, fitting(fill)])),
        [name]: value,
      })),
    );
  }
  if (typeof schema.additionalProperties === 'object') {
    return [{ [text]: fitting(schema.additionalProperties) }, { NAME: text }];
  }
  if (schema.enum || schema.const !== undefined) return [];
  const types = [schema.type ?? ['string', 'object']].flat();
  return [...(types.includes('string') ? [text] : []), ...(types.includes('object') ? [{ [text]: text }] : [])];
}

function fitting(schema: Schema): unknown {
  const options = schema.anyOf ?? schema.oneOf;
  if (options) return fitting(options[0] as Schema);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  if (schema.items) return [];
  if (schema.properties) {
    return Object.fromEntries(Object.entries(schema.properties).map(([name, inner]) => [name, fitting(inner)]));
  }
  const type = [schema.type ?? 'object'].flat()[0];
  if (type === 'string') return 'fitting';
  if (type === 'integer' || type === 'number') return Math.max(1, schema.minimum ?? 1);
  return type === 'boolean' ? true : type === 'null' ? null : {};
}

/** What the API says of its routes, with every model in place of its name. */
async function described(client: Client): Promise<Record<string, Record<string, Operation>>> {
  const { paths, components } = await client.ok('GET', '/openapi.json');
  const resolved = (_: string, part: unknown): unknown => {
    const name = (part as { $ref?: string } | null)?.$ref?.split('/').at(-1);
    return name === undefined ? part : JSON.parse(JSON.stringify(components.schemas[name]), resolved);
  };
  return JSON.parse(JSON.stringify(paths), resolved);
}

onBothDatabases('outside text', (api) => {
  /** Every call in which one parameter, or one text of the body, is not what anybody expects. */
  async function* calls(client: Client, project: string, task: string): AsyncGenerator<[string, string, unknown]> {
    const paths = await described(client);
    for (const [pattern, operations] of Object.entries(paths)) {
      for (const [method, { parameters = [], requestBody }] of Object.entries(operations)) {
        const fill = (name: string, value: string) =>
          pattern
            .replace(`{${name}}`, value)
            .replace(/\{(\w{1,40})\}/g, (_, other: string) => (/project/.test(other) ? project : task));
        const names = [...pattern.matchAll(/\{(\w{1,40})\}/g)].map((match) => match[1] as string);
        const schema = requestBody?.content['application/json']?.schema;
        const plain = schema && fitting(schema);
        for (const value of IN_URLS) {
          for (const name of names) yield [method, fill(name, value), plain];
          for (const { name, in: place } of parameters) {
            if (place === 'query') yield [method, `${fill('', '')}?${name}=${value}`, plain];
          }
        }
        for (const text of TEXTS) {
          for (const body of schema ? withText(schema, text) : []) yield [method, fill('', ''), body];
        }
      }
    }
  }

  test('that no database holds is refused or mended on every route, in every parameter and every field', async () => {
    const service = await api.service();
    const person = await api.user();
    const { id: project } = await person.createProject();
    const { task } = await person.startEngineering(project);
    const failed: string[] = [];
    let count = 0;
    const make = async ([method, path, body]: [string, string, unknown]) => {
      let { status } = await service.call(method.toUpperCase(), path, body);
      // Some routes are for people alone.
      if (status === 403) status = (await person.call(method.toUpperCase(), path, body)).status;
      if (status >= 500) failed.push(`${method} ${path} ${JSON.stringify(body)?.slice(0, 120)}: ${status}`);
    };
    const under: Promise<void>[] = [];
    for await (const call of calls(service, project, task.id)) {
      count += 1;
      under.push(make(call));
      if (under.length === 16) await Promise.all(under.splice(0));
    }
    await Promise.all(under);
    expect(failed).toEqual([]);
    expect(count).toBeGreaterThan(300);
  });

  test('in a header is refused or left out', async () => {
    const person = await api.user();
    for (const name of ['idempotency-key', 'x-request-id', 'x-correlation-id', 'traceparent', 'authorization']) {
      for (const value of ['\u00ff\u00fe', '\u00ed\u00a0\u0080', 'x'.repeat(5000)]) {
        const body = { name: `header-${Math.random().toString(36).slice(2)}` };
        const { status } = await person.call('POST', '/projects', body, { headers: { [name]: value } });
        expect(status, name).toBeLessThan(500);
      }
    }
  });
});
