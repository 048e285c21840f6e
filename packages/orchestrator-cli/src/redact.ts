const API_KEY = /cgk_[A-Za-z0-9]+_[A-Za-z0-9_-]+/g;
const URL_PASSWORD = /(\w+:\/\/[^\s:@/]*):[^\s@/]+@/g;

/** Takes secrets out of text for people and logs: those it is told of, anything like an API key, passwords in URLs. */
export class Redactor {
  readonly #secrets = new Set<string>();

  /** Remembers a secret. Short ones would tear words apart and are covered by the patterns or not at all. */
  add(secret: string | undefined): void {
    if (secret !== undefined && secret.length >= 8) this.#secrets.add(secret);
  }

  /** Remembers the password in a URL, as it is written there and as it is meant. */
  addUrl(url: string | undefined): void {
    this.add(url);
    if (url === undefined || !URL.canParse(url)) return;
    const { password } = new URL(url);
    this.add(password);
    if (/%[0-9a-f]{2}/i.test(password)) this.add(decodeSafely(password));
  }

  clean(text: string): string {
    let clean = text;
    for (const secret of this.#secrets) clean = clean.replaceAll(secret, '[secret]');
    return clean.replace(API_KEY, '[secret]').replace(URL_PASSWORD, '$1:[secret]@');
  }

  /** The same for every string in a JSON value. */
  cleanAll(value: unknown): unknown {
    if (typeof value === 'string') return this.clean(value);
    if (Array.isArray(value)) return value.map((item) => this.cleanAll(item));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, this.cleanAll(inner)]));
  }
}

function decodeSafely(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
