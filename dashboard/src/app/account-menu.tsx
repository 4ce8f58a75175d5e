import {
  ActionIcon,
  Avatar,
  Group,
  Menu,
  UnstyledButton,
  VisuallyHidden,
  useMantineColorScheme,
} from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconCheck, IconLogout, IconSearch, IconSettings } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useMutation } from "urql";
import { BASE } from "@/graphql/client";
import { refusalOfError } from "@/graphql/refusal";
import { LANGUAGES, useLocale, useMessages, type Language } from "@/i18n/locale";
import { useRefusalLine } from "@/ui/refusal-text";
import { messages } from "./messages";
import { useSession } from "./session";
import { SetLanguageDocument } from "./session.generated";

const LANGUAGE_NAMES: Record<Language, string> = { en: "English", de: "Deutsch" };
const SCHEMES = ["auto", "light", "dark"] as const;

/** The menu of the person who is signed in: settings, language, appearance, sign out. */
export function AccountMenu({ onCommands }: { onCommands: () => void }) {
  const t = useMessages(messages);
  const { user, account, reload } = useSession();
  const { language } = useLocale();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const lineOf = useRefusalLine();
  const [, setLanguage] = useMutation(SetLanguageDocument);
  const choose = async (locale: Language) => {
    const { data, error } = await setLanguage({ input: { id: user.id, locale } });
    const refusal = data ? data.updateUser.errors[0] : refusalOfError(error, t.unreachable);
    if (refusal) notifications.show({ message: lineOf(refusal), color: "red" });
    else reload();
  };
  return (
    <Group gap="xs" wrap="nowrap">
      <ActionIcon variant="subtle" color="gray" hiddenFrom="xs" onClick={onCommands} aria-label={t.commands}>
        <IconSearch size={20} />
      </ActionIcon>
      <Menu width={240} position="bottom-end">
        <Menu.Target>
          <UnstyledButton>
            <VisuallyHidden>{t.account}</VisuallyHidden>
            <Avatar name={user.name} color="brand" size={34} aria-hidden />
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>
            {user.name}, {account.name}
          </Menu.Label>
          <Menu.Item component={Link} to="/settings" leftSection={<IconSettings size={16} />}>
            {t.pages.settings}
          </Menu.Item>
          <form method="post" action={new URL("sign-out", BASE).href}>
            <Menu.Item type="submit" component="button" leftSection={<IconLogout size={16} />}>
              {t.signOut}
            </Menu.Item>
          </form>
          <Menu.Divider />
          <Menu.Label>{t.language}</Menu.Label>
          {LANGUAGES.map((each) => (
            <Menu.Item
              key={each}
              lang={each}
              onClick={() => choose(each)}
              rightSection={each === language && <Check />}
            >
              {LANGUAGE_NAMES[each]}
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Label>{t.theme}</Menu.Label>
          {SCHEMES.map((each) => (
            <Menu.Item
              key={each}
              onClick={() => setColorScheme(each)}
              rightSection={each === colorScheme && <Check />}
            >
              {t.themes[each]}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
    </Group>
  );
}

const Check = () => <IconCheck size={16} aria-hidden />;
