import type { ImageVerdict } from "../core/image.ts"
import type { Json } from "../core/json.ts"
import type { DeploymentKey, Snapshot } from "../core/model.ts"
import type { Source } from "../core/source.ts"
import type { Eyes } from "./eyes.ts"
import type { Index, Inputs } from "./ports.ts"

interface Asked {
  readonly images: ReadonlyMap<string, ImageVerdict>
  /** Deployments that an image isn't there for yet. */
  readonly waiting: ReadonlySet<DeploymentKey>
  readonly againMs: number | null
}

const nothing: Asked = { images: new Map(), waiting: new Set(), againMs: null }

/**
 * `images: registry`: whether CI has pushed what the manifests name. What is live already needs no asking, so a steady
 * state makes no request, and an outage of the registry stops only those that have to move.
 */
export async function askImages(
  eyes: Pick<Eyes, "render" | "images">,
  source: Source,
  seen: {
    readonly index: Index
    readonly inputs: Inputs
    readonly snapshot: Snapshot
    readonly requestedAt: number | null
  },
  signal: AbortSignal,
): Promise<Asked> {
  if (source.rendering.images !== "registry") return nothing
  const named = await eyes.render.imagesOf(seen.index, seen.inputs, source)
  if (named.size === 0) return nothing
  const live = (key: DeploymentKey): Json => seen.snapshot.deployments.get(key)?.fields.jobVariables ?? null
  const wanted = [...named].filter(([image, keys]) => !keys.every((key) => says(live(key), image)))
  const { registries } = source.rendering
  const since = seen.requestedAt ?? Number.NEGATIVE_INFINITY
  const question = { images: new Set(wanted.map(([image]) => image)), registries, since }
  const { verdicts, againMs } = await eyes.images.ask(question, signal)
  const images = new Map([...named.keys()].map((image) => [image, verdicts.get(image) ?? ({ kind: "there" } as const)]))
  const waiting = [...named].flatMap(([image, keys]) => (images.get(image)?.kind === "there" ? [] : keys))
  return { images, waiting: new Set(waiting), againMs }
}

/** Whether a text stands anywhere in a value. */
function says(value: Json, text: string): boolean {
  if (typeof value !== "object" || value === null) return value === text
  return Object.values(value).some((member: Json) => says(member, text))
}
