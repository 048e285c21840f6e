import { z } from 'zod';
import { WIRE_VERSION } from './base.js';
import type { MessageInput, MessageOf, MessageSchema, QueueContract } from './define-queue.js';
import { parseReference } from './reference.js';

/** The fields of a stream entry. */
export type EntryFields = Record<string, string>;

/** Why an entry cannot be handled; it goes to the dead-letter stream under this code. */
export type DecodeErrorCode = 'invalid_json' | 'invalid_message' | 'unsupported_version' | 'plain_secret';

export type Decoded<T> =
  | { ok: true; message: T; legacy: boolean; raw: EntryFields }
  | {
      ok: false;
      code: DecodeErrorCode;
      error: string;
      path: string;
      correlationId?: string;
      requestId?: string;
      /** The entry as it may be kept: secrets are replaced. */
      raw: EntryFields;
    };

const REDACTED = '[redacted]';
const SECRET_KEYS = new Set(['github_token', 'secrets']);

/**
 * Makes the one-field entry for a message: `data` holds the JSON document, with every default written out.
 * @throws {z.ZodError} where the message does not fit its contract
 */
export function encodeEntry<C extends QueueContract>(
  contract: C,
  message: MessageInput<C>,
): { fields: { data: string }; message: MessageOf<C> } {
  const parsed = contract.message.parse(message) as MessageOf<C>;
  const secret = findPlainSecret(parsed);
  if (secret) throw new TypeError(`${contract.model}.${secret.join('.')} holds a secret in plain: send a reference`);
  return { fields: { data: JSON.stringify(parsed) }, message: parsed };
}

/** Reads an entry in any form that a peer writes: wrapped in `data`, before versions, or flat fields. Never throws. */
export function decodeEntry<C extends QueueContract>(contract: C, raw: EntryFields): Decoded<MessageOf<C>> {
  let document: unknown;
  let flat = false;
  if (typeof raw.data === 'string' && !('data' in propertiesOf(contract.message, raw))) {
    try {
      document = JSON.parse(raw.data);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return { ok: false, code: 'invalid_json', error: `data is not JSON: ${reason}`, path: '', raw: redactText(raw) };
    }
  } else {
    document = fromFlatFields(contract.message, raw);
    flat = true;
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    return { ok: false, code: 'invalid_message', error: 'not a JSON object', path: '', raw: redactText(raw) };
  }
  const record = document as Record<string, unknown>;
  const ids = {
    ...(typeof record.correlation_id === 'string' && { correlationId: record.correlation_id }),
    ...(typeof record.request_id === 'string' && { requestId: record.request_id }),
  };
  const secret = findPlainSecret(record);
  if (secret) {
    const error = `${secret.join('.')} holds a secret in plain: send a reference such as vault:project/<id>`;
    return {
      ok: false,
      code: 'plain_secret',
      error,
      path: secret.join('.'),
      ...ids,
      raw: redactEntry(raw, record, flat),
    };
  }
  const version = record.version;
  if ((typeof version === 'string' || typeof version === 'number') && version !== WIRE_VERSION) {
    const error = `version ${JSON.stringify(version)} is not supported; this reader knows "${WIRE_VERSION}"`;
    return { ok: false, code: 'unsupported_version', error, path: 'version', ...ids, raw };
  }
  const legacyNames = 'agent_id' in record && !('worker_id' in record);
  const named = legacyNames ? { ...record, worker_id: record.agent_id } : record;
  const parsed = contract.message.safeParse(named);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const path = issue?.path.join('.') ?? '';
    const error = parsed.error.issues.map((one) => `${one.path.join('.') || 'message'}: ${one.message}`).join('; ');
    return { ok: false, code: 'invalid_message', error, path, ...ids, raw };
  }
  const versioned = version !== undefined || !('version' in propertiesOf(contract.message, raw));
  return { ok: true, message: parsed.data as MessageOf<C>, legacy: flat || legacyNames || !versioned, raw };
}

/** Path of the first field that holds a secret rather than a reference to one. */
function findPlainSecret(value: unknown, path: readonly string[] = []): readonly string[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const here = [...path, key];
    if (SECRET_KEYS.has(key.toLowerCase()) && !isHarmless(inner)) return here;
    const found = findPlainSecret(inner, here);
    if (found) return found;
  }
  return undefined;
}

function isHarmless(value: unknown): boolean {
  return value === null || value === '' || (typeof value === 'string' && parseReference(value) !== undefined);
}

function redactEntry(raw: EntryFields, document: Record<string, unknown>, flat: boolean): EntryFields {
  const hide = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(hide);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [
        key,
        SECRET_KEYS.has(key.toLowerCase()) && !isHarmless(inner) ? REDACTED : hide(inner),
      ]),
    );
  };
  const clean = hide(document) as Record<string, unknown>;
  if (!flat) return { ...raw, data: JSON.stringify(clean) };
  return Object.fromEntries(
    Object.entries(clean).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
  );
}

/** For entries too broken to parse: hides the value after a secret's name as far as it can be told. */
function redactText(raw: EntryFields): EntryFields {
  return Object.fromEntries(
    Object.entries(raw).map(([key, text]) => {
      if (SECRET_KEYS.has(key.toLowerCase())) return [key, REDACTED];
      // Where a broken document names a secret, nothing after that name can be trusted to be harmless.
      const at = text.search(/"?(github_token|secrets)"?\s*[:=]/i);
      return [key, at < 0 ? text : `${text.slice(0, at)}${REDACTED}`];
    }),
  );
}

/** The object schema's fields; for a union, those of the option that the entry's discriminator names. */
function propertiesOf(schema: MessageSchema, raw: EntryFields): Record<string, z.core.$ZodType> {
  if (schema instanceof z.ZodObject) return schema.shape;
  const key = schema.def.discriminator;
  const option = schema.options.find((one) => {
    const field = one.shape[key] as z.ZodType | undefined;
    return field !== undefined && raw[key] !== undefined && field.safeParse(raw[key]).success;
  });
  return option?.shape ?? {};
}

/** Each top-level field is a stream field: strings plain, the rest JSON. What cannot be read is left for the schema to refuse. */
function fromFlatFields(schema: MessageSchema, raw: EntryFields): Record<string, unknown> {
  const properties = propertiesOf(schema, raw);
  return Object.fromEntries(
    Object.entries(raw).map(([key, text]) => {
      const field = properties[key];
      const plain = field === undefined || isText(field);
      if (plain) return [key, text === 'null' && field !== undefined && isNullable(field) ? null : text];
      try {
        return [key, JSON.parse(text) as unknown];
      } catch {
        return [key, text];
      }
    }),
  );
}

function isText(field: z.core.$ZodType): boolean {
  const inner = unwrap(field);
  if (inner instanceof z.ZodLiteral) return typeof inner.value === 'string';
  return inner instanceof z.ZodString || inner instanceof z.ZodEnum;
}

function isNullable(field: z.core.$ZodType): boolean {
  return (field as z.ZodType).safeParse(null).success;
}

function unwrap(field: z.core.$ZodType): z.core.$ZodType {
  return field instanceof z.ZodDefault || field instanceof z.ZodNullable || field instanceof z.ZodOptional
    ? unwrap(field.def.innerType)
    : field;
}
