import type { ImageVerdict } from "../core/image.ts"
import type { Json } from "../core/json.ts"
import type { DeploymentKey, Revision } from "../core/model.ts"

/** Everything but the index and the source's settings that desired state depends on. */
export interface Inputs {
  /** Short name of the branch that the source follows; null when it is none. */
  readonly branch: string | null
  /** Values of the source's `env:`, as far as there are any. */
  readonly env: ReadonlyMap<string, string>
  /** Prefect variables that exist. */
  readonly variables: ReadonlyMap<string, Json>
  /** What registries say of the images that `imagesOf` named; absent = not asked. Counts with `images: registry` only. */
  readonly images: ReadonlyMap<string, ImageVerdict>
  /** Paths of the manifests of the commit that was last written as a whole; what of them is hidden now isn't gone. */
  readonly earlier: readonly string[]
  /** The commit that a deployment's clone keeps; absent = the revision itself. */
  readonly pins: ReadonlyMap<DeploymentKey, Revision>
}
