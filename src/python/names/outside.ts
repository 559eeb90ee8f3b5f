import type { Value } from "./python-value.ts"

/** One name for the many homes of a thing: `typing.List`, `collections.abc.Sequence`, `pydantic.fields.Field`. */
export function canonical(path: string): string {
  return path
    .replace(/^typing_extensions\./u, "typing.")
    .replace(/^collections\.abc\./u, "abc.")
    .replace(
      /^pydantic\.(?:types|networks|fields|main|config|functional_validators|functional_serializers|root_model|annotated_handlers)\./u,
      "pydantic.",
    )
    .replace(/^prefect\.(?:flows|main)\.flow$/u, "prefect.flow")
    .replace(/^prefect\.(?:tasks|main)\.task$/u, "prefect.task")
}

/** The canonical path of an outside thing, whether it is called or stands as it is; null for any other value. */
export function outsidePath(value: Value): string | null {
  return value.kind === "outside" ? canonical(value.path) : calledPath(value)
}

/** The canonical path of the outside thing that is called, or null. */
export function calledPath(value: Value): string | null {
  return value.kind === "call" && value.callee.kind === "outside" ? canonical(value.callee.path) : null
}
