import type { SecretRef } from "./secret.ts"

/** Who sends a token's value may read everything, or also act: sync, suspend, resume, pin, unpin, confirm, release. */
export interface AccessToken {
  /** What acts are logged and remembered under. */
  readonly name: string
  readonly role: "read" | "operate"
  readonly token: SecretRef
}
