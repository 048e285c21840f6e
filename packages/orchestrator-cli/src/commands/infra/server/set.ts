import { type PutServer, putServer, type Server, server } from '@codegen/contracts';
import { OrchestratorError } from '@codegen/sdk/errors';
import { z } from 'zod';
import { readPayload } from '../../../input/document.js';
import { creationInput } from '../../../input/fields.js';
import { defineCommand } from '../../../kit/define-command.js';
import { inputRequired } from '../../../kit/prompts.js';
import type { Screen } from '../../../kit/screen.js';
import { renderServer } from '../../../render/server.js';

/** A server as it is now; `dry_run` where it was only checked. */
type Put = Server & { dry_run?: true };

export default defineCommand({
  id: 'infra.server.set',
  summary: 'As an administrator: add or change a server',
  effect: 'change',
  forAdmins: true,
  description:
    'For administrators. What is not said stays as it is; of a new server it is local and active with the ports 18000 to 18999. ' +
    'Releases get to it as its kind says: on a local one, the machine of infra-service, whose address is HOST there, or ' +
    '127.0.0.1. What is deployed on a server ' +
    'that is no longer active stays there.',
  input: () =>
    z.object({
      handle: z.string().meta({ positional: true, description: 'Name of the server, such as local' }),
      ip: z
        .string()
        .optional()
        .meta({ description: 'Address that its services answer on; a new server needs it', value: 'ADDRESS' }),
      kind: z.string().optional().meta({
        description: 'How releases get there: local, or another kind that infra-service has an executor for',
        value: 'KIND',
      }),
      status: server.shape.status.optional().meta({ description: 'Projects are put on active ones only' }),
      port_from: z.int().min(1).max(65_535).optional().meta({ description: 'The lowest TCP port for projects' }),
      port_to: z.int().min(1).max(65_535).optional().meta({ description: 'The highest TCP port for projects' }),
      ...creationInput(),
    }),
  examples: [
    'orchestrator infra server set local --ip 127.0.0.1',
    'orchestrator infra server set local --port-to 18099 --dry-run',
    'orchestrator infra server set local --status maintenance',
  ],
  failsWith: ['VALIDATION_FAILED', 'UNAUTHENTICATED', 'FORBIDDEN', 'NETWORK'],

  async run(input, context): Promise<Put> {
    const { handle } = input;
    if (input.ip !== undefined) check('ip', input.ip);
    if (input.kind !== undefined) check('kind', input.kind);
    const payload = await readPayload<PutServer>(input.input, ({ putServer }) => putServer, context.signal);
    const { client } = await context.client();
    const known = (await client.servers.list({ signal: context.signal })).find((one) => one.handle === handle);
    const ip = input.ip ?? payload.ip ?? known?.ip;
    if (ip === undefined) throw inputRequired([{ name: '--ip', question: 'Address:' }]);
    const { kind, status, specs, port_from, port_to } = { ...known, ...payload };
    const body: PutServer = {
      ...{ kind, ip, status, specs, port_from, port_to },
      ...(input.kind !== undefined && { kind: input.kind }),
      ...(input.status !== undefined && { status: input.status }),
      ...(input.port_from !== undefined && { port_from: input.port_from }),
      ...(input.port_to !== undefined && { port_to: input.port_to }),
      ...((input.dry_run || payload.dry_run) && { dry_run: true }),
    };
    const idempotencyKey = context.idempotencyKey(body);
    const put = await client.servers.set(handle, body, { signal: context.signal, idempotencyKey });
    return body.dry_run ? { ...put, dry_run: true } : put;
  },

  render(put: Put, screen: Screen): string {
    return `${renderServer(put, screen)}${put.dry_run ? '\n\nThis would work. Nothing was stored.' : ''}`;
  },
});

/** @throws OrchestratorError VALIDATION_FAILED */
function check(name: 'ip' | 'kind', text: string): void {
  const [issue] = putServer.shape[name].safeParse(text).error?.issues ?? [];
  if (issue) throw new OrchestratorError('VALIDATION_FAILED', `--${name}: ${issue.message}`);
}
