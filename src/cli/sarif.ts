import type { Problem } from "../core/model.ts"
import { remedies } from "../render/manifest/remedies.ts"
import { rules, type Rule } from "../render/manifest/rules.ts"

/**
 * Problems as SARIF 2.1.0, the format of code scanning (OASIS; GitHub's subset). Places are relative to the folder that
 * the command ran in, which should be the checkout's root; columns count UTF-16 code units, as ours do.
 */
const schema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
/** What a prefect.yaml is: each rule's own remedy stands in its help. */
const manual = "https://docs.prefect.io/v3/how-to-guides/deployments/prefect-yaml"
const codes = Object.keys(rules) as Rule[]

export function sarifText(problems: readonly Problem[], version: string): string {
  const log = {
    $schema: schema,
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "Lockstep", version, rules: codes.map((code) => ruleOf(code)) } },
        columnKind: "utf16CodeUnits",
        results: problems.map((problem) => resultOf(problem)),
      },
    ],
  }
  return `${JSON.stringify(log, null, 2)}\n`
}

function ruleOf(code: Rule): object {
  const [level, summary] = rules[code]
  return {
    id: code,
    shortDescription: { text: summary },
    help: { text: remedies[code] },
    helpUri: manual,
    defaultConfiguration: { level },
  }
}

function resultOf({ severity, code, message, key, ...at }: Problem): object {
  const ruleIndex = codes.findIndex((known) => known === code)
  return {
    ruleId: code,
    ...(ruleIndex >= 0 && { ruleIndex }),
    level: severity,
    message: { text: message },
    locations: at.file === undefined ? [] : [locationOf(at.file, at, key)],
  }
}

function locationOf(file: string, { line, column }: Pick<Problem, "line" | "column">, key: string | undefined): object {
  const region = {
    ...(line !== undefined && { startLine: line }),
    ...(column !== undefined && { startColumn: column }),
  }
  return {
    physicalLocation: {
      artifactLocation: { uri: file.split("/").map(encodeURIComponent).join("/"), uriBaseId: "%SRCROOT%" },
      ...(line !== undefined && { region }),
    },
    ...(key !== undefined && { logicalLocations: [{ fullyQualifiedName: key, kind: "resource" }] }),
  }
}
