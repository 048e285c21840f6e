import { readFile } from 'node:fs/promises';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import { OrchestratorError } from '../errors.js';

/**
 * Trust in the authorities of a file, of NODE_EXTRA_CA_CERTS and those that Node.js knows: a list of one's own replaces both.
 * @throws OrchestratorError NOT_CONFIGURED where the file cannot be read
 */
export async function trustIn(file: string, extraFile: string | undefined): Promise<SecureContext> {
  const own = await readFile(file, 'utf8').catch(({ code }: NodeJS.ErrnoException) => {
    const message = `SSL_CERT_FILE names ${file}, which cannot be read (${code}): correct it, or unset it`;
    throw new OrchestratorError('NOT_CONFIGURED', message);
  });
  // Node.js warns by itself where this one cannot be read.
  const extra = extraFile ? await readFile(extraFile, 'utf8').catch(() => '') : '';
  return createSecureContext({ ca: [...rootCertificates, `${own}\n${extra}`] });
}
