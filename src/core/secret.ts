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
