import { readdir, readFile } from 'node:fs/promises';

/** Pids of living processes whose environment holds a variable that begins like this, such as `AGENT_RUN_ID=w-1/`. */
export async function processesWith(variable: string): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const environment = await readFile(`/proc/${name}/environ`, 'latin1').catch(() => '');
    if (environment.split('\0').some((one) => one.startsWith(variable))) found.push(Number(name));
  }
  return found;
}

/** Pids of living processes whose working folder is below a folder, whatever their environment is. */
export async function processesIn(folder: string): Promise<number[]> {
  const { readlink } = await import('node:fs/promises');
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const cwd = await readlink(`/proc/${name}/cwd`).catch(() => '');
    if (cwd === folder || cwd.startsWith(`${folder}/`)) found.push(Number(name));
  }
  return found;
}

/** Pids of living processes whose command line begins like this, such as `sleep 7`. */
export async function processesCalled(start: string): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const words = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    if (words.split('\0').join(' ').startsWith(start)) found.push(Number(name));
  }
  return found;
}
