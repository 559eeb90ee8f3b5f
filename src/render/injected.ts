import { posix } from "node:path"
import { isJsonObject, type Json, type JsonObject } from "../core/json.ts"
import type { Problem, Revision, Value } from "../core/model.ts"
import type { Source } from "../core/source.ts"
import type { Inputs } from "./inputs.ts"
import type { EntryReader } from "./manifest/reader.ts"
import { listOf } from "./manifest/steps.ts"
import type { Names } from "./manifest/placeholders.ts"
import { resolveValue } from "./manifest/template.ts"
import type { IndexedEntry } from "./index.ts"

export const cloneStep = "prefect.deployments.steps.git_clone"
const folderStep = "prefect.deployments.steps.set_working_directory"
const dockerStep = "prefect_docker.deployments.steps.build_docker_image"
const imageFolder = "/opt/prefect"

interface Injection {
  readonly source: Source
  readonly inputs: Inputs
  readonly names: Names
  readonly commit: Revision
  readonly reader: Pick<EntryReader, "below">
  /** Why the image isn't taken yet. */
  readonly unverified: Problem | null
}

/**
 * The pull steps of an entry that gives none. Where the code is in the image, they are Prefect's own
 * (`cli/deploy/_actions.py: _generate_default_pull_action`); where Prefect would name the folder of the machine that
 * deploys, which no worker has, the repository is cloned and the worker stands in the same folder of it.
 */
export function injectedPull(entry: IndexedEntry, injection: Injection): Value<readonly Json[]> {
  const { source, names, reader, unverified } = injection
  const code = source.rendering.pull === "clone" ? null : codeInImage(entry, names, reader, source)
  if (code === null) return { kind: "derived", value: clone(baseOf(entry), injection) }
  // The live image may be one without the code, so the steps wait for the image.
  return unverified ? { kind: "undecided", reason: unverified.message } : { kind: "derived", value: code }
}

/** Null = the code isn't in the image, as far as Prefect can tell. */
function codeInImage(
  entry: IndexedEntry,
  names: Names,
  reader: Injection["reader"],
  source: Source,
): readonly Json[] | null {
  const build = dockerBuild(entry, names)
  if (build?.["dockerfile"] === "auto")
    return [stand(`${imageFolder}/${posix.basename(baseOf(entry)) || project(source)}`)]
  if (build) return []
  return source.rendering.pull === "image" || namesImage(reader, source) ? [stand(imageFolder)] : null
}

/** The first that has inputs. Prefect looks at the manifest's steps as written, and at the entry's own resolved. */
function dockerBuild({ node, imageBuild }: IndexedEntry, names: Names): JsonObject | null {
  const isOwn = node.entries.get("build")?.value === imageBuild
  const [first] = listOf(imageBuild).flatMap((step) => {
    const inputs = step[dockerStep]
    return inputs !== undefined && isJsonObject(inputs) && Object.keys(inputs).length > 0 ? [inputs] : []
  })
  return first && isOwn ? (resolveValue(first, names, "pull").value as JsonObject) : (first ?? null)
}

function namesImage(reader: Injection["reader"], { rendering }: Source): boolean {
  const over = rendering.overrides.jobVariables["image"]
  return Boolean(over ?? reader.below("work_pool")?.below("job_variables")?.peek("image", "job")?.value)
}

/** As a checkout of it is named. */
function project({ remote }: Source): string {
  return posix.basename(remote.url).replace(/\.git$/, "")
}

/**
 * A base below the root takes two steps more. `set_working_directory` of Prefect before 3.4.20 gives out the relative
 * folder that it was given, to which Prefect changes once more at the end; `.` is right from wherever that is.
 */
function clone(base: string, { source, inputs, commit }: Injection): readonly Json[] {
  const { remote, rendering } = source
  const { branch } = inputs
  const at = rendering.pullCommit === "none" ? (branch === null ? {} : { branch }) : { commit_sha: commit }
  const repository = { repository: remote.url, ...at }
  if (base === "") return [{ [cloneStep]: repository }]
  return [{ [cloneStep]: { id: "clone", ...repository } }, stand(`{{ clone.directory }}/${base}`), stand(".")]
}

function baseOf({ entrypoint }: IndexedEntry): string {
  return entrypoint?.base ?? ""
}

function stand(directory: string): Json {
  return { [folderStep]: { directory } }
}
