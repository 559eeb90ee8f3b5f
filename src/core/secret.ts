import { inspect } from "node:util"

/** Where a secret value comes from; the value itself is read anew at each use, so a rotated one is simply taken. */
export type SecretRef =
  | { readonly kind: "env"; readonly name: string }
  | { readonly kind: "file"; readonly path: string }

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

const secretName =
  /(?:(?:^|[_-])(?:pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?|auth[_-]?string)|passwd|password|passphrase)$/i

/** Whether a name says that its value is a secret, wherever it stands: `DB_PASSWORD`, `apiKey`, `access-token`. */
export function isSecretName(name: string): boolean {
  return secretName.test(name.replaceAll(/([a-z\d])([A-Z])/g, "$1_$2"))
}

/** Forms that nothing but a secret has: a URL with a password, a private key, tokens that say whose they are. */
const secretForms = [
  /:\/\/[^\s/:@]*:[^\s/@{]+@/,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|pn[ub]_|sk-)[\w-]{16,}/,
  /\bAKIA[0-9A-Z]{16}\b/,
  /\bhooks\.slack\.com\/services\/\w/,
]

export function looksSecret(text: string): boolean {
  return secretForms.some((form) => form.test(text))
}

/** A placeholder names a secret and holds none. */
export function isPlaceholder(text: string): boolean {
  return /^\s*\{\{[^{}]*\}\}\s*$/.test(text)
}
