import type { Problem, Tree } from "../core/model.ts"
import type { Source } from "../core/source.ts"
import type { BoundEntry } from "./bind-entry.ts"
import type { Index } from "./index.ts"
import { rules } from "./manifest/rules.ts"

const shownMax = 3
const namedLikeManifest = /(^|\/)[^/]*(prefect|deployment)[^/]*\.ya?ml$/i

/** A source that finds nothing has a wrong pattern more often than nothing to do; says what is there instead. */
export function nothingFound(
  { tree, manifests }: Pick<Index, "tree" | "manifests">,
  { every, selected }: { readonly every: readonly BoundEntry[]; readonly selected: number },
  { selection: { manifests: globs, select } }: Source,
): readonly Problem[] {
  if (manifests.length === 0) {
    return [nothing(`\`manifests\` (${listed(globs)}) matches no file of the repository; ${filesOf(tree)}`)]
  }
  if (select.length === 0 || every.length === 0 || selected > 0) return []
  const keys = every.flatMap(({ key }) => key ?? [])
  return [nothing(`\`select\` (${listed(select)}) matches none of the ${keys.length} there are: ${listed(keys)}`)]
}

function nothing(message: string): Problem {
  return { severity: rules["nothing-found"][0], code: "nothing-found", message }
}

function filesOf({ entries }: Tree): string {
  const files = [...entries].filter(([, { kind }]) => kind === "file").map(([path]) => path)
  const alike = files.filter((path) => namedLikeManifest.test(path)).toSorted()
  return alike.length > 0 ? `there is ${listed(alike)}` : `none of its ${files.length} files is named like one`
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, shownMax).join(", ")
  return names.length > shownMax ? `${shown} and ${names.length - shownMax} more` : shown
}
