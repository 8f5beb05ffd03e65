import { parseCookie, stringifySetCookie } from 'cookie';

/** Longer values are not ours. */
const MAX_LENGTH = 128;

/**
 * An HttpOnly cookie. Over HTTPS its name begins with `__Host-`, so browsers accept it only from this exact host,
 * with `Secure` (RFC 6265bis).
 */
class OwnCookie {
  readonly #secure: boolean;
  readonly name: string;

  constructor(
    publicUrl: string,
    name: string,
    private readonly lasting: { readonly maxAge?: number } = {},
  ) {
    this.#secure = publicUrl.startsWith('https:');
    this.name = this.#secure ? `__Host-${name}` : name;
  }

  /** The token in a `Cookie` header. */
  read(header: string | undefined): string | undefined {
    const token = header === undefined ? undefined : parseCookie(header)[this.name];
    return token === undefined || token === '' || token.length > MAX_LENGTH ? undefined : token;
  }

  /** A `Set-Cookie` header. */
  write(token: string): string {
    return this.#stringify(token, this.lasting);
  }

  clear(): string {
    return this.#stringify('', { maxAge: 0 });
  }

  #stringify(value: string, more: { maxAge?: number }): string {
    const { name } = this;
    const secure = this.#secure;
    return stringifySetCookie({ name, value, httpOnly: true, sameSite: 'lax', path: '/', secure, ...more });
  }
}

/** The session cookie. It is deleted when the browser closes. The server ends the session itself. */
export class SessionCookie extends OwnCookie {
  constructor(publicUrl: string) {
    super(publicUrl, 'subledger_session');
  }
}

/** Marks a browser that was used for a login. It outlives logouts. */
export class DeviceCookie extends OwnCookie {
  constructor(publicUrl: string, days: number) {
    super(publicUrl, 'subledger_device', { maxAge: days * 86_400 });
  }
}
