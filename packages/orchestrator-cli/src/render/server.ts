import type { Server } from '@codegen/contracts';
import type { Screen } from '../kit/screen.js';
import { type Column, renderPairs } from '../kit/table.js';
import { oneLine } from '../kit/text.js';
import { paintStatus } from './status.js';

/** A server in full. */
export function renderServer(server: Server, screen: Screen): string {
  const heading = `${screen.paint.bold(oneLine(server.handle))}  ${paintStatus(server.status, server.status, screen)}`;
  const specs = server.specs && oneLine(JSON.stringify(server.specs));
  const pairs = renderPairs(
    [
      ['kind', oneLine(server.kind)],
      ['address', oneLine(server.ip)],
      ['ports', portsOf(server)],
      ['specs', specs ?? undefined],
    ],
    screen,
  );
  return `${heading}\n${pairs}`;
}

/** Servers in a list. */
export function serverColumns(screen: Screen): Column<Server>[] {
  return [
    { title: 'SERVER', value: (server) => server.handle, whole: true },
    {
      title: 'STATUS',
      value: (server) => server.status,
      paint: (text, server) => paintStatus(text, server.status, screen),
    },
    { title: 'KIND', value: (server) => server.kind },
    { title: 'ADDRESS', value: (server) => server.ip, whole: true },
    { title: 'PORTS', value: portsOf },
  ];
}

function portsOf({ port_from, port_to }: Server): string {
  return `${port_from}-${port_to}`;
}
