import { type PutServer, putServer, type Server, server } from '@codegen/contracts';
import { OrchestratorError } from '@codegen/sdk/errors';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { BaseCommand } from '../../../base-command.js';
import { readPayload } from '../../../operations/read-payload.js';
import { inputRequired } from '../../../prompts.js';
import type { Screen } from '../../../render/screen.js';
import { renderServer } from '../../../render/server.js';
import { creationFlags } from '../../../start-flags.js';

/** A server as it is now; `dry_run` where it was only checked. */
type Put = Server & { dry_run?: true };

/** Adds a server, or changes one. */
export default class InfraServerSet extends BaseCommand<Put> {
  static override description =
    'For administrators. What is not said stays as it is; of a new server it is local and active with the ports 18000 to 18999. ' +
    'Releases get to it as its kind says: on a local one, the machine of infra-service, whose address is HOST there, or ' +
    '127.0.0.1. What is deployed on a server ' +
    'that is no longer active stays there.';
  static override args = {
    handle: Args.string({ description: 'Name of the server, such as local', ignoreStdin: true }),
  };
  static override flags = {
    ip: Flags.string({
      description: 'Address that its services answer on; a new server needs it',
      helpValue: 'ADDRESS',
    }),
    kind: Flags.string({
      description: 'How releases get there: local, or another kind that infra-service has an executor for',
      helpValue: 'KIND',
    }),
    status: Flags.string({ description: 'Projects are put on active ones only', options: server.shape.status.options }),
    'port-from': Flags.integer({ description: 'The lowest TCP port for projects', min: 1, max: 65_535 }),
    'port-to': Flags.integer({ description: 'The highest TCP port for projects', min: 1, max: 65_535 }),
    ...creationFlags,
  };
  static override examples = [
    'orchestrator infra server set local --ip 127.0.0.1',
    'orchestrator infra server set local --port-to 18099 --dry-run',
    'orchestrator infra server set local --status maintenance',
  ];
  static override failsWith = ['VALIDATION_FAILED', 'UNAUTHENTICATED', 'FORBIDDEN', 'NETWORK'] as const;

  async run(): Promise<Put> {
    const { args, flags } = await this.parse(InfraServerSet);
    const { handle } = args;
    if (handle === undefined) throw inputRequired([{ name: 'HANDLE', question: 'Server:' }]);
    if (flags.ip !== undefined) check('ip', flags.ip);
    if (flags.kind !== undefined) check('kind', flags.kind);
    const payload = await readPayload<PutServer>(flags.input, ({ putServer }) => putServer, this.signal);
    const { client } = await this.client(flags);
    const known = (await client.servers.list({ signal: this.signal })).find((one) => one.handle === handle);
    const ip = flags.ip ?? payload.ip ?? known?.ip;
    if (ip === undefined) throw inputRequired([{ name: '--ip', question: 'Address:' }]);
    const { kind, status, specs, port_from, port_to } = { ...known, ...payload };
    const body: PutServer = {
      ...{ kind, ip, status, specs, port_from, port_to },
      ...(flags.kind !== undefined && { kind: flags.kind }),
      ...(flags.status !== undefined && { status: flags.status as Server['status'] }),
      ...(flags['port-from'] !== undefined && { port_from: flags['port-from'] }),
      ...(flags['port-to'] !== undefined && { port_to: flags['port-to'] }),
      ...((flags['dry-run'] || payload.dry_run) && { dry_run: true }),
    };
    const idempotencyKey = this.idempotencyKey(flags['idempotency-key'], body);
    const put = await client.servers.set(handle, body, { signal: this.signal, idempotencyKey });
    return body.dry_run ? { ...put, dry_run: true } : put;
  }

  render(put: Put, screen: Screen): string {
    return `${renderServer(put, screen)}${put.dry_run ? '\n\nThis would work. Nothing was stored.' : ''}`;
  }
}

/** @throws OrchestratorError VALIDATION_FAILED */
function check(name: 'ip' | 'kind', text: string): void {
  const [issue] = putServer.shape[name].safeParse(text).error?.issues ?? [];
  if (issue) throw new OrchestratorError('VALIDATION_FAILED', `--${name}: ${issue.message}`);
}
