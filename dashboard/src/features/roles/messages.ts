import type { Messages } from "@/i18n/locale";

const en = {
  title: "Roles",
  hint: "People may do what their roles grant. The built-in roles cannot be changed.",
  none: "There is no role.",
  new: "New role",
  create: "Create role",
  edit: "Edit",
  name: "Name",
  permissions: "Grants",
  permissionsHint: "One gives only what one holds oneself.",
  builtIn: "Built in",
  holders: (number: string) => `Holders: ${number}`,
};

const de: typeof en = {
  title: "Rollen",
  hint: "Personen dürfen, was ihre Rollen erlauben. Die eingebauten Rollen lassen sich nicht ändern.",
  none: "Es gibt keine Rolle.",
  new: "Neue Rolle",
  create: "Rolle anlegen",
  edit: "Bearbeiten",
  name: "Name",
  permissions: "Erlaubt",
  permissionsHint: "Man gibt nur, was man selbst hat.",
  builtIn: "Eingebaut",
  holders: (number) => `Inhaber: ${number}`,
};

export const messages: Messages<typeof en> = { en, de };
