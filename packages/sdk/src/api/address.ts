import { OrchestratorError } from '../errors.js';

/** The API's address. @throws OrchestratorError USAGE where the text is none, or holds more than an address */
export function apiAddress(text: string): URL {
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw new OrchestratorError('USAGE', 'the API URL must be an address such as https://orchestrator.example.com');
  }
  if (url.username || url.password || url.search || url.hash) {
    const message = 'the API URL must be an address alone: no user, password, query or fragment in it';
    throw new OrchestratorError('USAGE', message);
  }
  return url;
}

/**
 * The API key as it goes into a header. An HTTP client names a header's value when it refuses it, so what it would refuse
 * must not come that far.
 * @throws OrchestratorError USAGE, without the token
 */
export function checkedToken(token: string | undefined): string | undefined {
  if (token === undefined || /^[\x21-\x7e]+$/.test(token)) return token;
  throw new OrchestratorError('USAGE', 'the API token is empty or holds characters that no token has');
}
