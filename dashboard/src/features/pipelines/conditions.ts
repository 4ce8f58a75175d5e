import type { IssuerKind, Permission } from "@/graphql/schema.generated";

/** A condition as its form has it: values and patterns in one list, for a pattern is known by its asterisk. */
export interface ConditionDraft {
  claim: string;
  values: string[];
}

interface Condition {
  claim: string;
  equals: readonly string[];
  matches: readonly string[];
}

export const KINDS = [
  "GITHUB_ACTIONS",
  "GITLAB_CI",
  "BUILDKITE",
  "KUBERNETES",
  "OTHER",
] as const satisfies readonly IssuerKind[];

/** What a rule may grant, in the order of the form. */
export const SCOPES = [
  "SIGN",
  "REQUEST_RELEASE",
  "VIEW_RELEASES",
  "VIEW_LEDGER",
] as const satisfies readonly Permission[];

/** The addresses of those issuers that are the same for everybody. */
export const ISSUER_URLS: Partial<Record<IssuerKind, string>> = {
  GITHUB_ACTIONS: "https://token.actions.githubusercontent.com",
  GITLAB_CI: "https://gitlab.com",
  BUILDKITE: "https://agent.buildkite.com",
};

/** The claims by which pipelines of a system are told apart, the one that says whose they are first. */
export const CLAIMS: Record<IssuerKind, readonly string[]> = {
  GITHUB_ACTIONS: [
    "repository_id",
    "repository_owner_id",
    "ref",
    "environment",
    "event_name",
    "job_workflow_ref",
  ],
  GITLAB_CI: ["project_id", "namespace_id", "ref", "ref_type", "ref_protected", "environment"],
  BUILDKITE: ["organization_id", "pipeline_id", "build_branch", "build_tag", "step_key"],
  KUBERNETES: ["kubernetes.io/namespace", "kubernetes.io/serviceaccount/uid"],
  OTHER: ["sub"],
};

/** Returns what the conditions of a new rule begin with. */
export function firstConditions(kind: IssuerKind): ConditionDraft[] {
  return CLAIMS[kind].slice(0, 1).map((claim) => ({ claim, values: [] }));
}

export function draftOf({ claim, equals, matches }: Condition): ConditionDraft {
  return { claim, values: [...equals, ...matches] };
}

/** Returns the conditions as the API takes them; those of which nothing was filled in are left out. */
export function inputOf(drafts: readonly ConditionDraft[]) {
  return drafts
    .filter(({ claim, values }) => claim.trim() !== "" || values.length > 0)
    .map(({ claim, values }) => ({
      claim: claim.trim(),
      equals: values.filter((value) => !value.includes("*")),
      matches: values.filter((value) => value.includes("*")),
    }));
}
