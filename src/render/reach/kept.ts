import { canonicalJson, type Json } from "../../core/json.ts"
import type { Desired, DesiredDeployment, DeploymentKey, Tree, Value } from "../../core/model.ts"
import type { Source } from "../../core/source.ts"
import { manifestPaths, type Blob, type Index, type IndexedEntry } from "../index.ts"
import { mentionsOf, openMentions, wordsIn, type Mentions } from "../../python/mentions.ts"
import { reachOf, type Known, type Reach, type Start } from "./graph.ts"
import { folderOf, lastOf, Providers } from "./providers.ts"

export interface Question {
  readonly index: Index
  readonly desired: Desired
  readonly source: Source
  /** The commit that is live. */
  readonly there: Tree
  /** What may stay there. */
  readonly keys: ReadonlySet<DeploymentKey>
}
export type Answer =
  | { readonly kind: "needs"; readonly oids: readonly string[] }
  | { readonly kind: "ready"; readonly kept: ReadonlySet<DeploymentKey> }

const mentionsKept = 20_000

/**
 * Which deployments run the same at two commits, so that their clone may stay where it is: nothing that a run can reach
 * differs. In doubt it differs, because a stale clone is worse than a needless write.
 */
export class Keeper {
  readonly #mentions = new Map<string, Mentions>()
  readonly #providers = new WeakMap<Tree, Providers>()

  /** `needs`: read these blobs, then ask again with all that was read so far. */
  ask(question: Question, blobs: ReadonlyMap<string, Blob>): Answer {
    const { index, desired, source, there, keys } = question
    const changed = changedPaths(index, there)
    const known: Known = (oid) => this.#known(oid, blobs)
    const providers = { here: this.#providersOf(index.tree), back: this.#providersOf(there) }
    const entries = new Map(index.entries.map((entry) => [`${entry.at.file}:${entry.at.line}`, entry]))
    const unread = new Set<string>()
    const kept = [...keys].filter((key) => {
      const deployment = desired.deployments.get(key)
      const entry = deployment && entries.get(`${deployment.at.file}:${deployment.at.line}`)
      if (!deployment || !entry) return false
      if (changed.length === 0) return true
      const { codePaths } = source.rendering
      if (codePaths.length > 0) return !changed.some((path) => codePaths.some((root) => isBelow(path, root)))
      const start = startOf(entry, deployment)
      return start !== null && isSame(start, { changed, ...providers, known, unread })
    })
    return unread.size > 0 ? { kind: "needs", oids: [...unread] } : { kind: "ready", kept: new Set(kept) }
  }

  #known(oid: string, blobs: ReadonlyMap<string, Blob>): Mentions | undefined {
    const found = this.#mentions.get(oid)
    if (found) return found
    const blob = blobs.get(oid)
    if (!blob) return undefined
    const mentions = blob.kind === "text" ? mentionsOf(blob.text) : openMentions
    if (this.#mentions.size >= mentionsKept) this.#mentions.clear()
    this.#mentions.set(oid, mentions)
    return mentions
  }

  #providersOf(tree: Tree): Providers {
    const found = this.#providers.get(tree) ?? new Providers(tree)
    this.#providers.set(tree, found)
    return found
  }
}

/** Files that aren't the same in both, but for those that no run reads: manifests, Markdown, and GitHub's own folder. */
function changedPaths({ tree: here, settings }: Index, there: Tree): readonly string[] {
  const manifests = new Set([...manifestPaths(here, settings), ...manifestPaths(there, settings)])
  const all = new Set([...here.entries.keys(), ...there.entries.keys()])
  return [...all].filter((path) => {
    const [a, b] = [here.entries.get(path), there.entries.get(path)]
    if ([a, b].every((entry) => !entry || entry.kind === "folder")) return false
    if (a?.oid === b?.oid && a?.kind === b?.kind) return false
    return !manifests.has(path) && !path.endsWith(".md") && !path.startsWith(".github/")
  })
}

/** Null = nobody knows where the run begins. */
function startOf({ entrypoint }: IndexedEntry, { fields }: DesiredDeployment): Start | null {
  if (!entrypoint) return null
  const { parameters, schedules, jobVariables, pullSteps } = fields
  const steps = valueOf(pullSteps) ?? []
  const text = canonicalJson(
    [parameters, schedules, jobVariables, pullSteps].map((value) => valueOf<unknown>(value) as Json),
  )
  const runsMore = steps.some(
    (step) => !/"prefect\.[\w.]*\.(?:git_clone|set_working_directory)":/.test(canonicalJson(step)),
  )
  return {
    file: entrypoint.path,
    base: entrypoint.base,
    isScript: entrypoint.isScript && !text.includes("PYTHONPATH"),
    words: wordsIn(text),
    isOpen: runsMore || text.includes('"command":'),
  }
}

function valueOf<T>(value: Value<T>): T | null {
  return "value" in value ? value.value : null
}

interface Commits {
  readonly changed: readonly string[]
  readonly here: Providers
  /** Of the commit that is live. */
  readonly back: Providers
  readonly known: Known
  /** Takes what must be read first. */
  readonly unread: Set<string>
}

function isSame(start: Start, { changed, here, back, known, unread }: Commits): boolean {
  const others = changed.filter((path) => !path.endsWith(".py"))
  // Without reading anything: what the run reads in any case.
  if (changed.includes(start.file) || others.some((path) => isBelow(path, start.base) || !path.includes("/")))
    return false
  const now = reachOf(start, here, known)
  for (const oid of now.unread) unread.add(oid)
  if (now.unread.length > 0 || now.files === null) return false
  const touches = touchedBy(start, now)
  if ([...changed, ...here.links, ...back.links].some((path) => touches(path))) return false
  // A text that isn't known there is another one.
  const then = reachOf(start, back, known)
  return then.unread.length === 0 && isSameSet(now.files, then.files)
}

function isSameSet(a: ReadonlySet<string>, b: ReadonlySet<string> | null): boolean {
  return b !== null && a.size === b.size && a.isSubsetOf(b)
}

/** Whether a file counts for a run that reaches these modules and texts. */
function touchedBy({ base }: Start, { files, words }: Reach): (path: string) => boolean {
  const folders = new Set([base, ...[...(files ?? [])].map((path) => folderOf(path))])
  return (path) => {
    if (path.endsWith(".py")) return files === null || files.has(path)
    if (!path.includes("/") || words.has(lastOf(path))) return true
    for (let folder = folderOf(path); ; folder = folderOf(folder)) {
      if (folders.has(folder) || (folder !== "" && words.has(lastOf(folder)))) return true
      if (folder === "") return false
    }
  }
}

function isBelow(path: string, root: string): boolean {
  return root === "" || path === root || path.startsWith(`${root}/`)
}
