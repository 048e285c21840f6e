import type { z } from 'zod';
import { WIRE_VERSION } from './base.js';
import { isTooDeep, TOO_DEEP } from './nesting.js';
import { findPlainSecret, plainSecretError } from './plain-secret.js';

/** Why a document is not a valid message. */
export type DocumentErrorCode = 'invalid_message' | 'unsupported_version' | 'plain_secret';

/** One problem of a document. The path is empty if it concerns the whole document; values are never quoted. */
export interface DocumentIssue {
  path: string;
  message: string;
}

export type DocumentRead<T> =
  | { ok: true; message: T; legacyNames: boolean }
  | { ok: false; code: DocumentErrorCode; issues: readonly [DocumentIssue, ...DocumentIssue[]] };

const MAX_VERSION_LENGTH = 40;

/** Validates a document as every consumer does: version, plain-text secrets, older field names, schema. Never throws. */
export function readDocument<S extends z.ZodType>(schema: S, document: unknown): DocumentRead<z.output<S>> {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    return refused('invalid_message', '', 'not a JSON object');
  }
  if (isTooDeep(document)) return refused('invalid_message', '', TOO_DEEP);
  const secret = findPlainSecret(document)?.join('.');
  if (secret !== undefined) return refused('plain_secret', secret, plainSecretError(secret));
  const record = document as Record<string, unknown>;
  const { version } = record;
  if ((typeof version === 'string' || typeof version === 'number') && version !== WIRE_VERSION) {
    const shown = JSON.stringify(version).slice(0, MAX_VERSION_LENGTH);
    const error = `version ${shown} is not supported; this reader supports "${WIRE_VERSION}"`;
    return refused('unsupported_version', 'version', error);
  }
  const legacyNames = 'agent_id' in record && !('worker_id' in record);
  const parsed = schema.safeParse(legacyNames ? { ...record, worker_id: record.agent_id } : record);
  if (parsed.success) return { ok: true, message: parsed.data, legacyNames };
  const issues = parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  return { ok: false, code: 'invalid_message', issues: issues as [DocumentIssue, ...DocumentIssue[]] };
}

function refused(code: DocumentErrorCode, path: string, message: string): DocumentRead<never> {
  return { ok: false, code, issues: [{ path, message }] };
}
