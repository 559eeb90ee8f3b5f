import { z } from "zod"
import { configSchema } from "./schema.ts"

export type JsonSchema = z.core.JSONSchema.JSONSchema

/** The config file's JSON Schema, for editors; `config/lockstep.schema.json` is a copy that a test keeps equal. */
export function configJsonSchema(): JsonSchema {
  return {
    title: "Lockstep configuration",
    ...z.toJSONSchema(configSchema, { io: "input", target: "draft-2020-12", reused: "inline" }),
  }
}

/** The keys that may stand in the map at `path`; null when that is no map of fixed keys. */
export function knownKeys(schema: JsonSchema, path: readonly PropertyKey[]): readonly string[] | null {
  let node: JsonSchema | undefined = schema
  for (const step of path) node = node && below(node, step)
  return node?.properties ? Object.keys(node.properties) : null
}

function below(node: JsonSchema, step: PropertyKey): JsonSchema | undefined {
  const next = typeof step === "number" ? node.items : (node.properties?.[String(step)] ?? node.additionalProperties)
  if (typeof next !== "object" || Array.isArray(next)) return undefined
  return next.anyOf?.find((option) => typeof option === "object" && option.properties !== undefined) ?? next
}
