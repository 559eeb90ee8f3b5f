import { createHash } from "node:crypto"
import { canonicalJson, type Json } from "./json.ts"

/** SHA-256 over the canonical form of a value, hex: equal exactly when the values are. */
export function digestOf(value: Json): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex")
}
