import { z } from "zod"
import { fieldNames, fieldTitle } from "../core/fields.ts"
import { nearest } from "../core/nearest.ts"
import { isSecretName, looksSecret } from "../core/secret.ts"
import * as value from "./values.ts"

/** The config file as people write it. Defaults are filled in by `resolve.ts`; here they are only documented. */

const interval = value.duration(100, 7 * 86_400_000, "between 100ms and 7d")
const count = z.number().int().min(0).max(100_000)
const nonEmpty = <T extends z.ZodType>(item: T) =>
  z.array(item).min(1, "must not be empty: leave it out, or list something")
const json = z.unknown().refine(value.isFiniteJson, "must not contain .nan or .inf, which JSON doesn't have")

/** A map of which exactly one of `keys` must be there. */
function oneOf(keys: readonly string[]) {
  return (entry: object, context: z.core.$RefinementCtx) => {
    const given = keys.filter((key) => Object.hasOwn(entry, key))
    if (given.length === 1) return
    context.addIssue({ code: "custom", message: `must have exactly one of ${keys.join(", ")}` })
  }
}

const secretText = "must be a reference, { env: NAME } or { file: PATH }, never the value itself"
const secret = z
  .strictObject(
    {
      env: z
        .string()
        .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be the name of an environment variable")
        .optional(),
      file: z.string().min(1, "must not be empty").optional(),
    },
    { error: (issue) => (issue.code === "invalid_type" && issue.input !== undefined ? secretText : undefined) },
  )
  .superRefine(oneOf(["env", "file"]))
  .describe("A reference to a secret, read anew at each use: the name of an environment variable, or a file.")

const refText =
  "must say what it is, such as { branch: main }: one of branch, tag, commit (40 hex digits) and name (refs/…)"
const ref = z
  .strictObject(
    {
      branch: value
        .text((branch) =>
          branch.startsWith("refs/")
            ? "must be the branch's short name; a full one goes under `name`"
            : value.refProblem(branch),
        )
        .optional(),
      tag: value.text(value.refProblem).optional(),
      commit: z.string().regex(value.commitRule, "must be a full commit id: 40 hex digits").optional(),
      name: value
        .text((name) => (name.startsWith("refs/") ? value.refProblem(name) : "must be a full ref name: refs/…"))
        .optional(),
    },
    { error: (issue) => (typeof issue.input === "string" && issue.code === "invalid_type" ? refText : undefined) },
  )
  .superRefine(oneOf(["branch", "tag", "commit", "name"]))

const credentials = z
  .strictObject({
    username: z.string().min(1, "must not be empty").optional(),
    token: secret.optional(),
    password: secret.optional(),
  })
  .superRefine((entry, context) => {
    oneOf(["token", "password"])(entry, context)
    if (Object.hasOwn(entry, "password") && entry.username === undefined)
      context.addIssue({ code: "custom", message: "needs a `username` beside the `password`" })
  })

const registry = z.strictObject({
  host: value
    .text(value.registryHostProblem)
    .describe("As it stands in image names: ghcr.io, registry.example.com:5000."),
  credentials: credentials.optional(),
  caFile: z.string().min(1).optional().describe("PEM file with further certificate authorities."),
})

const titles = fieldNames.map((field) => fieldTitle(field))
const ignored = value.text((path) => {
  const field = path.split(".")[0] ?? ""
  if (titles.includes(field)) return null
  const near = nearest(field, titles)
  return `\`${field.slice(0, 64)}\` is no field of a deployment${near === null ? "" : ` (did you mean \`${near}\`?)`}`
})

const paths = nonEmpty(value.text(value.pathProblem))

const receiver = { provider: z.enum(["github", "gitlab", "gitea", "bitbucket", "azure", "generic"]), secret }

/** Those that say how a request is framed or what it wants are ours. */
const ownHeader =
  /^(?:host|connection|content-.*|transfer-encoding|te|trailer|upgrade|expect|keep-alive|accept|accept-encoding|git-protocol|user-agent|prefect-csrf-.*)$/i

function headerProblem(name: string, given: unknown): string | null {
  if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/.test(name)) return "must be the name of a header"
  if (ownHeader.test(name)) return "is a header that Lockstep sets itself"
  return typeof given === "string" && (isSecretName(name) || looksSecret(given)) ? secretText : null
}

const headers = z
  .record(
    z.string(),
    z.union([z.string().regex(/^[\t\u0020-\u007e]*$/, "must be printable ASCII"), secret], {
      error: "must be text (numbers in quotes) or a reference { env } or { file }",
    }),
  )
  .superRefine((entries, context) => {
    for (const [name, given] of Object.entries(entries)) {
      const message = headerProblem(name, given)
      if (message !== null) context.addIssue({ code: "custom", path: [name], message })
    }
  })
  .optional()
  .describe("Further headers of each request, for an access proxy before the server: text, or a reference.")

const settings = {
  workspace: value.name.optional().describe("The workspace that the source deploys to; the only one if there is one."),
  url: value.text(value.gitUrlProblem).optional().describe("https:// URL of the repository, without credentials."),
  ref: ref.optional().describe("Exactly one of branch, tag, commit, name; default: the remote's HEAD."),
  credentials: credentials.optional(),
  caFile: z.string().min(1).optional().describe("PEM file with further certificate authorities."),
  headers,
  interval: interval.optional().describe("How often Git is polled. Default: 1m."),
  manifests: paths.optional().describe('Globs of the manifests. Default: "**/prefect.yaml".'),
  exclude: paths.optional().describe("Globs of files that are no manifests."),
  select: nonEmpty(value.text(value.keyPatternProblem)).optional().describe("flow/deployment patterns; default: all."),
  scope: z
    .strictObject({
      workPools: nonEmpty(z.string().min(1)).optional(),
      flows: nonEmpty(z.string().min(1)).optional(),
    })
    .optional()
    .describe("What the source may touch; anything outside is an error, never a write."),
  apply: z.boolean().optional().describe("false: plan and report, never write. Default: true."),
  adopt: z.enum(["never", "same", "unowned"]).optional().describe("Existing resources nobody owns. Default: same."),
  onDrift: z.enum(["enforce", "report"]).optional().describe("Default: enforce."),
  ignore: z.array(ignored).optional().describe("Fields, or paths into them, that are neither compared nor written."),
  prune: z
    .strictObject({
      mode: z.enum(["auto", "confirm", "off"]).optional().describe("Default: auto."),
      max: count.optional().describe("Default: 5."),
      maxPercent: z.number().int().min(0).max(100).optional().describe("Default: 20."),
      ceiling: count.optional().describe("Default: 25."),
      grace: value
        .duration(0, 365 * 86_400_000, "of at most 365d")
        .optional()
        .describe("Default: 24h."),
    })
    .optional()
    .describe("Removal of what Git no longer has."),
  env: z
    .record(
      z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/),
      z.union([z.string(), secret], "must be text (numbers and booleans in quotes) or a reference { env } or { file }"),
    )
    .optional()
    .describe(
      "Values of the manifests' environment placeholders, and what `os.getenv` gives in flows (plain texts only, secrets " +
        "aren't published in a schema); the daemon's own environment is never used.",
    ),
  stepOutputs: z
    .record(z.string().min(1), z.record(z.string().min(1), json))
    .optional()
    .describe("Outputs of build steps, by the step's id: those that CI knows and Git doesn't."),
  images: z.enum(["hold", "trust", "registry"]).optional().describe("Default: hold."),
  registries: nonEmpty(registry)
    .max(50)
    .refine((list) => new Set(list.map(({ host }) => host)).size === list.length, "names a host twice")
    .optional()
    .describe("How registries are asked with `images: registry`; others are asked without credentials."),
  pull: z
    .enum(["auto", "clone", "image"])
    .optional()
    .describe("Where the code is when a manifest has no `pull`. Default: auto, as Prefect tells, else a clone."),
  pullCommit: z.enum(["tree", "revision", "none"]).optional().describe("Default: tree."),
  codePaths: paths
    .optional()
    .describe("Folders that the flows' code is in. Default: what each flow can reach, by its imports."),
  pinClones: z.boolean().optional().describe("Pin explicit git_clone steps of this repository too. Default: false."),
  baseDir: z
    .enum(["auto", "repository", "manifest"])
    .optional()
    .describe("What entrypoints are relative to. Default: auto."),
  shortHash: z.number().int().min(4).max(40).optional().describe("Characters of a short commit id. Default: 7."),
  overrides: z
    .strictObject({
      workPool: z
        .strictObject({
          name: z.string().min(1).optional(),
          workQueueName: z.string().min(1).optional(),
          jobVariables: z.record(z.string(), json).optional(),
        })
        .optional(),
      nameSuffix: z
        .string()
        .min(1)
        .max(63)
        .regex(/^[^/%&<>]*$/, "must not contain / % & < >")
        .optional(),
      tags: z.array(z.string().min(1)).optional(),
      paused: z.boolean().optional(),
    })
    .optional()
    .describe("What this source sets over its manifests, so that one manifest serves several environments."),
  handOverFrom: nonEmpty(value.name)
    .max(100)
    .optional()
    .describe(
      "Sources of another repository or ref whose deployments it takes over without a confirmation once their Git no " +
        "longer has them.",
    ),
  receiver: z.strictObject(receiver).optional().describe("Accepts the provider's webhook at /hooks/NAME."),
}

const defaultsSchema = z.strictObject(settings)

const sourceSchema = z.strictObject({
  name: value.name,
  ...settings,
  formerly: nonEmpty(value.name)
    .max(20)
    .optional()
    .describe("Names that the source had before: it takes what bears their marks, and keeps a suspension or a pin."),
  decommission: z.boolean().optional().describe("true: retire all that the source owns, held until confirmed."),
})

const workspaceSchema = z
  .strictObject({
    name: value.name,
    apiUrl: value
      .text(value.apiUrlProblem)
      .optional()
      .describe("Default: $PREFECT_API_URL, else http://127.0.0.1:4200/api."),
    apiKey: secret.optional(),
    authString: secret.optional().describe("user:password of a server with basic authentication."),
    caFile: z.string().min(1).optional().describe("PEM file with further certificate authorities."),
    headers,
    requests: z
      .strictObject({
        perSecond: z.number().positive().max(1000).optional().describe("Default: 50; 5 on Prefect Cloud."),
        reads: z.number().int().min(1).max(64).optional().describe("Reads in flight. Default: 4."),
        writes: z.number().int().min(1).max(16).optional().describe("Writes in flight at most. Default: 1."),
      })
      .optional(),
    driftInterval: interval.optional().describe("Cheap look at live state. Default: 30s."),
    listInterval: interval.optional().describe("Full look at live state. Default: 5m."),
  })
  .superRefine((entry, context) => {
    if (Object.hasOwn(entry, "apiKey") && Object.hasOwn(entry, "authString"))
      context.addIssue({ code: "custom", message: "must have `apiKey` or `authString`, not both" })
  })

const accessToken = z.strictObject({
  name: value.name,
  role: z
    .enum(["read", "operate"])
    .describe("read: everything but acts. operate: sync, suspend, pin, confirm and so on too."),
  token: secret,
})

export const configSchema = z.strictObject({
  installation: value.name.describe("Name of this installation; part of every ownership mark."),
  workspaces: nonEmpty(workspaceSchema).max(100).optional().describe("Default: one, named `default`."),
  server: z
    .strictObject({
      listen: value
        .text((listen) =>
          value.parseListen(listen) ? null : "must be host:port, such as 127.0.0.1:8484 or [::1]:8484",
        )
        .optional()
        .describe("Default: 127.0.0.1:8484."),
      token: secret
        .optional()
        .describe("Lets whoever sends it read and act; the same as an entry of `tokens` named `token`."),
      tokens: nonEmpty(accessToken).max(100).optional().describe("Tokens with names: acts are logged under them."),
      metricsAuth: z.boolean().optional().describe("Whether /metrics wants a token too. Default: false."),
    })
    .optional(),
  receivers: nonEmpty(z.strictObject({ name: value.name, ...receiver }))
    .max(500)
    .optional()
    .describe("Webhooks of organisations at /hooks/NAME: each serves every source of the repositories that it names."),
  stateDir: z.string().min(1).optional().describe("Git objects and history. Default: /var/lib/lockstep."),
  defaults: defaultsSchema.optional().describe("Anything a source takes; a source's own settings go before."),
  sources: z.array(sourceSchema).max(5000),
})

export type ConfigInput = z.output<typeof configSchema>
export type SourceInput = z.output<typeof sourceSchema>
export type SourceSettings = z.output<typeof defaultsSchema>
export type WorkspaceInput = z.output<typeof workspaceSchema>
export type SecretInput = z.output<typeof secret>
