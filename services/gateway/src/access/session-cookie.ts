import { parseCookie, stringifySetCookie } from 'cookie';

const NAME = 'subledger_session';
/** Longer values are none of ours. */
const MAX_LENGTH = 128;

/**
 * The session's cookie. Over HTTPS its name begins with `__Host-`: browsers then take it from this very host alone, with
 * `Secure`. It goes when the browser is closed; the server ends the session by itself.
 */
export class SessionCookie {
  private readonly secure: boolean;
  readonly name: string;

  constructor(publicUrl: string) {
    this.secure = publicUrl.startsWith('https:');
    this.name = this.secure ? `__Host-${NAME}` : NAME;
  }

  /** The token in a `Cookie` header. */
  read(header: string | undefined): string | undefined {
    const token = header === undefined ? undefined : parseCookie(header)[this.name];
    return token === undefined || token === '' || token.length > MAX_LENGTH ? undefined : token;
  }

  /** A `Set-Cookie` header. */
  write(token: string): string {
    return this.stringify(token, {});
  }

  clear(): string {
    return this.stringify('', { maxAge: 0 });
  }

  private stringify(value: string, more: { maxAge?: number }): string {
    const { name, secure } = this;
    return stringifySetCookie({ name, value, httpOnly: true, sameSite: 'lax', path: '/', secure, ...more });
  }
}
