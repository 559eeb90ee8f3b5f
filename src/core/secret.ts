import { inspect } from "node:util"

/** Where a secret value comes from; the value itself is read anew at each use, so a rotated one is simply taken. */
export type SecretRef =
  | { readonly kind: "env"; readonly name: string }
  | { readonly kind: "file"; readonly path: string }
  /** Written in the config itself, where that is allowed; masked all the same. */
  | { readonly kind: "text"; readonly value: string }

/** Further headers of each request to one host, for what stands before it: an access proxy, a gateway. */
export type ExtraHeaders = Readonly<Record<string, SecretRef>>

/** Their values of now. @throws `ConfigError` when one isn't there */
export async function readHeaders(secrets: SecretReader, headers: ExtraHeaders = {}): Promise<Record<string, string>> {
  const read: Record<string, string> = {}
  for (const [name, ref] of Object.entries(headers)) read[name.toLowerCase()] = (await secrets.read(ref)).reveal()
  return read
}

const shown = "[secret]"

/** A value that can't be printed: only `reveal()` gives it, so `grep reveal` lists every place that uses one. */
export class Secret {
  readonly #value: string
  constructor(value: string) {
    this.#value = value
  }
  reveal(): string {
    return this.#value
  }
  toString(): string {
    return shown
  }
  toJSON(): string {
    return shown
  }
  [inspect.custom](): string {
    return shown
  }
}

/** Reads secrets, and takes every value that it has read out of texts that are about to leave the process. */
export interface SecretReader {
  /** @throws `ConfigError` that names the variable or file, when there is no such value. */
  read(ref: SecretRef): Promise<Secret>
  mask(text: string): string
}

const textLengthMax = 500

/** What may leave the process as text: masked first, so that a cut never leaves half a secret, then cut. */
export function cleanText(text: string, mask: (text: string) => string): string {
  const masked = mask(text)
  return masked.length <= textLengthMax ? masked : `${masked.slice(0, textLengthMax - 1)}…`
}

/** What the last words of a name say, as `snake_case`: of a key the word before it tells whether it opens anything. */
const secretName = new RegExp(
  `(?:(?:^|_)(?:${[
    "pwd|pass|passcode|secret|tokens?|credentials?|auth|authorization|jwt|bearer|cookies?",
    "(?:db|pg|sql|smtp|ftp|user)_?pass|(?:github|gitlab|azure)_pat",
    "(?:api|access|account|aes|decryption|encryption|hmac|master|private|secret|signing|ssh)_?keys?",
    "auth_?string|conn(?:ection)?_?str(?:ing)?|webhook_?url",
  ].join("|")})|passwd|passwords?|passphrase|connstr)$`,
)

/** Ends like a secret's name, and is a count, a mark in a text, a round or a switch. */
const openName = new RegExp(
  `(?:^|_)(?:${[
    "(?:max|min|num|n|total|prompt|completion|input|output|cached|new|stop|special)_tokens",
    "(?:eos|bos|pad|unk|cls|sep|mask|stop|next|page|continuation)_token",
    "(?:first|second|third|last|final|next|one|two|single|multi|num|n|by)_pass",
    "(?:use|needs?|requires?|enable|disable|skip|no|with)_auth",
  ].join("|")})$`,
)

/** Which of several it is: `DB_PASSWORD_PROD`, `TOKEN_2`. */
const whichOne = /_(?:\d+|old|new|prod|production|staging|dev|test|value|base|b64|base64)$/

/** Whether a name says that its value is a secret, wherever it stands: `DB_PASSWORD`, `apiKey`, `access-token`. */
export function isSecretName(name: string): boolean {
  const words = name
    .replaceAll(/([a-z\d])([A-Z])/g, "$1_$2")
    .replaceAll(/([A-Z])([A-Z][a-z])/g, "$1_$2")
    .replaceAll(/[^A-Za-z\d]+/g, "_")
    .toLowerCase()
  return [words, words.replace(whichOne, "")].some((one) => secretName.test(one) && !openName.test(one))
}

/** Forms that nothing but a secret has: a private key, tokens that say whose they are, addresses that let anyone in. */
const secretForms = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|pn[ub]_|sk-)[\w-]{16,}/,
  /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/,
  /(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}/,
  /\bAIza[\w-]{30,}|\bya29\.[\w-]{10,}/,
  /\bnpm_[A-Za-z\d]{20,}|\bpypi-Ag[\w-]{16,}/,
  /\bSG\.[\w-]{16,}\.[\w-]{16,}|\b[sr]k_(?:live|test)_[A-Za-z\d]{8,}/,
  /\bdo[opr]_v1_[a-f\d]{16,}|\bhv[sbr]\.[\w-]{16,}/,
  /^\s*Bearer\s+[^\s{$<]\S*\s*$|\bBearer\s+(?=[^\s{$<]{0,200}\d)[^\s{$<]{8,}/i,
  // Prose goes on with a word of small letters.
  /\b[Bb]asic\s+(?=\S{1,200}[\dA-Z=])[A-Za-z\d+/]{8,}={0,2}(?![\w-])/,
  /[?&](?:sig|signature|X-Amz-Signature)=[^\s&{$<]/i,
  /\bhooks\.slack\.com\/(?:services|workflows|triggers)\/\w/,
  /\bdiscord(?:app)?\.com\/api\/(?:v\d+\/)?webhooks\/\w/,
  /\b(?:outlook\.office(?:365)?|webhook\.office)\.com\/webhook/,
]

/** A value as programs and shells write it; bounded, because a text may be anybody's. */
const written = String.raw`("[^"\n]*"?|'[^'\n]*'?|[^\s"';&,]{1,1000})`

/** Where a text gives a name its value: the name first, then the value. */
const assignments = [
  // NAME=value, --name=value, ?name=value, Name=value; and in a value there may be another, as in URL=https://x?token=value
  new RegExp(String.raw`(?:^|[^\w-])-{0,2}([A-Za-z_][\w-]*)["']?[ \t]*=(?!=)[ \t]*(?=${written})`, "g"),
  // --name value
  new RegExp(String.raw`(?:^|\s)--?([A-Za-z][\w-]*)[ \t]+(?!-)${written}`, "g"),
  // "name": "value", and a header or a line of YAML with one word
  new RegExp(
    String.raw`(?:^|[\s"'{,])([A-Za-z_][\w-]*)(?:["'][ \t]*:[ \t]*|[ \t]*:[ \t]+)${written}(?=[ \t]*(?:$|["',}]))`,
    "gm",
  ),
  // Authorization: Scheme value
  /\b(Authorization)["']?[ \t]*:[ \t]*["']?(?:\w+[ \t]+)?([^\s"']+)/gi,
]

/** What stands after a user's name: in an address, and as curl takes it (but not docker's `-u 1000:1000`). */
const passwords = [
  /:\/\/[^\s/:@]*:([^\s/@{]+)@/g,
  /(?:^|\s)(?:-u|--user)[ \t=]*["']?(?!\d+:\d+\b)[^\s:"'$]+:([^\s"']+)/g,
]

/** No value but where one comes from, or none at all. */
const standsFor = /^(?:\$\{?\w+\}?|\$\(.*|\$?\{\{.*|<.*|%\w+%|\*+|\.{3}|true|false|none|null|)$/i

/** Whether there is a secret in a text, by its form, or because the text gives one to a name: `export TOKEN=x`. */
export function looksSecret(text: string): boolean {
  const unescaped = text.replaceAll('\\"', '"')
  return (
    secretForms.some((form) => form.test(text)) ||
    passwords.some((form) => [...unescaped.matchAll(form)].some(([, value = ""]) => isValue(value))) ||
    assignments.some((form) =>
      [...unescaped.matchAll(form)].some(([, name = "", value = ""]) => isSecretName(name) && isValue(value)),
    )
  )
}

function isValue(written: string): boolean {
  return !standsFor.test(written.replaceAll(/^["']|["']$/g, ""))
}

/** A placeholder names a secret and holds none, also after the scheme of a header. */
export function isPlaceholder(text: string): boolean {
  return /^\s*(?:(?:Bearer|Basic|Token)\s+)?\{\{[^{}]*\}\}\s*$/i.test(text)
}
