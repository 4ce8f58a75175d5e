import {
  IconAdjustments,
  IconHome,
  IconKey,
  IconListDetails,
  IconPlus,
  IconRobot,
  IconRocket,
  IconSettings,
  IconSignature,
  IconTicket,
  IconTimeline,
  IconUsers,
  IconUserShield,
  IconUsersGroup,
  IconWebhook,
  type Icon,
} from "@tabler/icons-react";
import type { Permission } from "@/graphql/schema.generated";
import type { messages } from "./messages";

/** The paths of pages without parameters, as the router has them. */
export type PagePath =
  | "/"
  | "/releases"
  | "/request"
  | "/can-i-sign"
  | "/timeline"
  | "/keypairs"
  | "/people"
  | "/teams"
  | "/ledger"
  | "/roles"
  | "/tokens"
  | "/pipelines"
  | "/webhooks"
  | "/account"
  | "/settings";

export interface Page {
  name: keyof (typeof messages)["en"]["pages"];
  to: PagePath;
  icon: Icon;
  /** Who has not this permission is not led to the page, and sees there what is missing. */
  permission?: Permission;
  /** The keys that open it, pressed one after the other. */
  keys?: string;
  /** Whether it is the person's own: the menu of the account leads to it, and not the navigation. */
  personal?: boolean;
}

/** What the navigation, the menu and the commands lead to, in this order. */
export const PAGES: readonly Page[] = [
  { name: "home", to: "/", icon: IconHome, keys: "g h" },
  { name: "releases", to: "/releases", icon: IconRocket, keys: "g r" },
  { name: "timeline", to: "/timeline", icon: IconTimeline, keys: "g t" },
  { name: "request", to: "/request", icon: IconPlus, permission: "REQUEST_RELEASE", keys: "g n" },
  { name: "canISign", to: "/can-i-sign", icon: IconSignature, keys: "g s" },
  { name: "keypairs", to: "/keypairs", icon: IconKey, keys: "g k" },
  { name: "people", to: "/people", icon: IconUsers, keys: "g p" },
  { name: "teams", to: "/teams", icon: IconUsersGroup, keys: "g e" },
  { name: "roles", to: "/roles", icon: IconUserShield, keys: "g i" },
  { name: "ledger", to: "/ledger", icon: IconListDetails, permission: "VIEW_LEDGER", keys: "g l" },
  { name: "tokens", to: "/tokens", icon: IconTicket, keys: "g o" },
  { name: "pipelines", to: "/pipelines", icon: IconRobot, permission: "MANAGE_USERS", keys: "g b" },
  { name: "webhooks", to: "/webhooks", icon: IconWebhook, permission: "MANAGE_ACCOUNT", keys: "g w" },
  { name: "account", to: "/account", icon: IconAdjustments, keys: "g a" },
  { name: "settings", to: "/settings", icon: IconSettings, keys: "g ,", personal: true },
];

/** Returns whether a path is that of a page, or of something on it. */
export function isWithin(to: PagePath, path: string): boolean {
  return to === "/" ? path === "/" : path === to || path.startsWith(`${to}/`);
}

/** Returns the page at a path whose permission the person does not hold. */
export function refusedPage(path: string, can: (permission: Permission) => boolean) {
  return PAGES.find(
    (page): page is Page & { permission: Permission } =>
      page.permission !== undefined && !can(page.permission) && isWithin(page.to, path),
  );
}
