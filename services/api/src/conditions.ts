import { type ProjectManifest, requiredSecrets, type TaskWait, WAITING_SYSTEM } from '@codegen/contracts';
import { paste } from '@codegen/sdk/errors';
import type { Kysely, Selectable } from 'kysely';
import type { Database } from './database/schema.js';
import { listSecrets } from './store/secrets.js';

type TaskRow = Selectable<Database['tasks']>;

/** Something that a task may wait for and that nobody announces: one entry says all that anybody knows of it. */
export interface ConditionKind {
  /** The task's `reason` meanwhile. Clients read it, and tasks of older releases have nothing else: it stays. */
  readonly reason: string;
  readonly on: TaskWait['on'];
  /** What is missing, with a sentence for people and what they can do; undefined once the condition is fulfilled. */
  missing(
    db: Kysely<Database>,
    task: TaskRow,
    about: Readonly<Record<string, unknown>>,
  ): Promise<Pick<TaskWait, 'why' | 'next' | 'missing'> | undefined>;
}

/** The conditions, by their type. */
export type ConditionKinds = Readonly<Record<string, ConditionKind>>;

export const conditionKinds: ConditionKinds = {
  /** `names`: those that `.project.yml` asks for; where they are left out, as by older releases, those of main. */
  secrets: {
    reason: 'waiting_secret',
    on: 'person',
    missing: async (db, { project_id }, about) => {
      const names = (about.names as string[] | undefined) ?? (await namesOfMain(db, project_id));
      const known = new Set((await listSecrets(db, project_id)).map(({ name }) => name));
      const missing = names.filter((name) => !known.has(name));
      const [first] = missing;
      if (first === undefined) return undefined;
      return {
        why: `it waits for the secret${missing.length > 1 ? 's' : ''} ${missing.join(', ')}`,
        missing,
        next: {
          command: paste`orchestrator secret set ${first} --project ${project_id}`,
          when: 'to give it; the task then goes on by itself',
        },
      };
    },
  },
  system: {
    reason: WAITING_SYSTEM,
    on: 'system',
    missing: async (_, { error }) => ({ why: `it waits: ${error}; it then goes on by itself`, next: null }),
  },
};

async function namesOfMain(db: Kysely<Database>, projectId: string): Promise<string[]> {
  const row = await db.selectFrom('projects').select('manifest').where('id', '=', projectId).executeTakeFirst();
  return requiredSecrets((row?.manifest ?? null) as ProjectManifest | null);
}

/** What a task waits for now; null where it does not wait, or has what it waited for. */
export async function waitOf(db: Kysely<Database>, kinds: ConditionKinds, task: TaskRow): Promise<TaskWait | null> {
  const { status, reason } = task;
  if (status !== 'running' || reason === null) return null;
  const ofReason = () => Object.keys(kinds).find((type) => kinds[type]?.reason === reason) ?? reason;
  const { type, ...about } = task.condition ?? { type: ofReason() };
  const kind = Object.hasOwn(kinds, type) ? kinds[type] : undefined;
  // Of another release.
  if (!kind) return { type, on: 'system', why: `it waits: ${reason.replaceAll('_', ' ')}`, next: null };
  const missing = await kind.missing(db, task, about);
  return missing ? { type, on: kind.on, ...missing } : null;
}
