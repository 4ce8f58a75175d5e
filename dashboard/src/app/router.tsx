import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { BASE } from "@/graphql/client";
import { canISignSearch } from "@/features/can-i-sign/search";
import { keypairSearch } from "@/features/keypairs/search";
import { ledgerSearch } from "@/features/ledger/search";
import { peopleSearch, teamsSearch } from "@/features/people/search";
import { releaseSearch } from "@/features/releases/search";
import { requestSearch } from "@/features/request/search";
import { timelineSearch } from "@/features/timeline/search";
import { BrokenPage, MissingPage } from "./problem-pages";
import { Shell } from "./shell";

const root = createRootRoute({ component: Shell, notFoundComponent: MissingPage });

// A page says what it returns: its own links know the router's type, which would else depend on itself.
// Each page is a file of its own in the build, which is loaded when somebody goes there.
const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  component: lazyRouteComponent(() => import("@/features/home/home-page"), "HomePage"),
});
const releases = createRoute({
  getParentRoute: () => root,
  path: "/releases",
  validateSearch: releaseSearch,
  component: lazyRouteComponent(() => import("@/features/releases/releases-page"), "ReleasesPage"),
});
const release = createRoute({
  getParentRoute: () => root,
  path: "/releases/$id",
  component: lazyRouteComponent(() => import("@/features/release/release-page"), "ReleasePage"),
});

const request = createRoute({
  getParentRoute: () => root,
  path: "/request",
  validateSearch: requestSearch,
  component: lazyRouteComponent(() => import("@/features/request/request-page"), "RequestPage"),
});

const canISign = createRoute({
  getParentRoute: () => root,
  path: "/can-i-sign",
  validateSearch: canISignSearch,
  component: lazyRouteComponent(() => import("@/features/can-i-sign/can-i-sign-page"), "CanISignPage"),
});

const timeline = createRoute({
  getParentRoute: () => root,
  path: "/timeline",
  validateSearch: timelineSearch,
  component: lazyRouteComponent(() => import("@/features/timeline/timeline-page"), "TimelinePage"),
});

const keypairs = createRoute({
  getParentRoute: () => root,
  path: "/keypairs",
  validateSearch: keypairSearch,
  component: lazyRouteComponent(() => import("@/features/keypairs/keypairs-page"), "KeypairsPage"),
});

const keypair = createRoute({
  getParentRoute: () => root,
  path: "/keypairs/$id",
  component: lazyRouteComponent(() => import("@/features/keypairs/keypair-page"), "KeypairPage"),
});

const ledger = createRoute({
  getParentRoute: () => root,
  path: "/ledger",
  validateSearch: ledgerSearch,
  component: lazyRouteComponent(() => import("@/features/ledger/ledger-page"), "LedgerPage"),
});

const people = createRoute({
  getParentRoute: () => root,
  path: "/people",
  validateSearch: peopleSearch,
  component: lazyRouteComponent(() => import("@/features/people/people-page"), "PeoplePage"),
});

const person = createRoute({
  getParentRoute: () => root,
  path: "/people/$id",
  component: lazyRouteComponent(() => import("@/features/people/person-page"), "PersonPage"),
});

const teams = createRoute({
  getParentRoute: () => root,
  path: "/teams",
  validateSearch: teamsSearch,
  component: lazyRouteComponent(() => import("@/features/teams/teams-page"), "TeamsPage"),
});

const team = createRoute({
  getParentRoute: () => root,
  path: "/teams/$id",
  component: lazyRouteComponent(() => import("@/features/teams/team-page"), "TeamPage"),
});

const roles = createRoute({
  getParentRoute: () => root,
  path: "/roles",
  component: lazyRouteComponent(() => import("@/features/roles/roles-page"), "RolesPage"),
});

const pipelines = createRoute({
  getParentRoute: () => root,
  path: "/pipelines",
  component: lazyRouteComponent(() => import("@/features/pipelines/pipelines-page"), "PipelinesPage"),
});

const tokens = createRoute({
  getParentRoute: () => root,
  path: "/tokens",
  component: lazyRouteComponent(() => import("@/features/tokens/tokens-page"), "TokensPage"),
});

const webhooks = createRoute({
  getParentRoute: () => root,
  path: "/webhooks",
  component: lazyRouteComponent(() => import("@/features/webhooks/webhooks-page"), "WebhooksPage"),
});

const webhook = createRoute({
  getParentRoute: () => root,
  path: "/webhooks/$id",
  component: lazyRouteComponent(() => import("@/features/webhooks/webhook-page"), "WebhookPage"),
});

const account = createRoute({
  getParentRoute: () => root,
  path: "/account",
  component: lazyRouteComponent(() => import("@/features/account/account-page"), "AccountPage"),
});

const settings = createRoute({
  getParentRoute: () => root,
  path: "/settings",
  component: lazyRouteComponent(() => import("@/features/settings/settings-page"), "SettingsPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([
    home,
    releases,
    release,
    request,
    canISign,
    timeline,
    keypairs,
    keypair,
    ledger,
    people,
    person,
    teams,
    team,
    roles,
    tokens,
    pipelines,
    webhooks,
    webhook,
    account,
    settings,
  ]),
  basepath: BASE.pathname,
  defaultErrorComponent: BrokenPage,
  defaultPreload: "intent",
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
