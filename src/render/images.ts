import { isJsonObject } from "../core/json.ts"
import type { Source } from "../core/source.ts"
import type { Inputs } from "./inputs.ts"
import type { EntryReader } from "./manifest/reader.ts"
import type { Resolved } from "./manifest/template.ts"

/**
 * Images of this commit's build that the job variables name: what `image` says when a part of it comes from a step, and
 * else the image of each docker step whose outputs are used. What the source overrides is somebody's own word.
 */
export function imagesOf(entry: EntryReader, { rendering }: Source): readonly string[] {
  const variables = entry.below("work_pool")?.below("job_variables")
  const over = rendering.overrides.jobVariables
  const keys = variables?.keys().filter((key) => !Object.hasOwn(over, key) || isJsonObject(over[key])) ?? []
  return [...new Set(keys.flatMap((key) => imagesIn(key, variables?.peek(key, "job"))))]
}

function imagesIn(key: string, resolved: Resolved | undefined): readonly string[] {
  if (!resolved || resolved.origins.length === 0) return []
  const { value, origins } = resolved
  if (key === "image" && typeof value === "string" && !value.includes("{{")) return [value]
  return origins.flatMap(({ image }) => image ?? [])
}

/** Why the job variables may not be taken yet; null = they may. */
export function whyUnverified(images: readonly string[], { rendering }: Source, inputs: Inputs): string | null {
  if (images.length === 0 || rendering.images === "trust") return null
  if (rendering.images === "hold")
    return "job_variables name an image that CI builds, and nobody has checked that it exists (images: hold)"
  for (const image of images) {
    const verdict = inputs.images.get(image) ?? { kind: "unknown", message: "its registry wasn't asked" }
    if (verdict.kind === "missing")
      return `the image ${image} isn't there: ${verdict.message}; nothing moves to it before CI has pushed it`
    if (verdict.kind === "unknown")
      return `whether the image ${image} is there isn't known: ${verdict.message}; nothing moves to it before that is known`
  }
  return null
}
