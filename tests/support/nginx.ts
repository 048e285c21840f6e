import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tempFolder } from './temp-folder.js';
import { waitFor } from './wait-for.js';

const program = ['/usr/sbin/nginx', '/usr/bin/nginx', '/usr/local/sbin/nginx'].find((path) => existsSync(path));

/** Whether nginx is installed; bin/set-up installs it. */
export const hasNginx = program !== undefined;

/** Starts an nginx with the given configuration inside `http { … }`, and waits until it answers at the URL. */
export async function startNginx(url: string, http: string): Promise<{ stop(): Promise<void> }> {
  if (!program) throw new Error('nginx is not installed. Try: bin/set-up nginx');
  const { path: folder, remove } = await tempFolder('codegen-nginx');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (of) => `${of}_temp_path ${folder}/${of};`,
  );
  const config = `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;
    events {}
    http { access_log off; ${temporary.join(' ')} ${http} }`;
  await writeFile(join(folder, 'nginx.conf'), config);
  const child = spawn(program, ['-p', folder, '-e', 'error.log', '-c', 'nginx.conf'], { stdio: 'ignore' });
  await waitFor('nginx', async () => {
    if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}`);
    return (await fetch(url)).status > 0;
  });
  return {
    stop: async () => {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
      await remove();
    },
  };
}
