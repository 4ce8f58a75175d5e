import { Alert, AppShell, Burger, Button, Group, Kbd, NavLink, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPlugConnectedX, IconSearch, IconSnowflake } from "@tabler/icons-react";
import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, type ReactNode } from "react";
import { useMessages } from "@/i18n/locale";
import { useLiveQuery } from "@/live/live-query";
import { useConnection } from "@/live/live-provider";
import { TextLink } from "@/ui/links";
import { AccountMenu } from "./account-menu";
import icon from "./icon.svg";
import { useShortcuts } from "./shortcuts";
import { messages } from "./messages";
import { isWithin, PAGES, refusedPage } from "./navigation";
import { RefusedPage } from "./problem-pages";
import { useSession } from "./session";
import { InboxCountDocument } from "./session.generated";
import classes from "./shell.module.css";

const loadCommands = () => import("./commands");
const Commands = lazy(loadCommands);

/** What surrounds every page: header, navigation, commands, and what concerns the whole account. */
export function Shell(): ReactNode {
  const t = useMessages(messages);
  const [navigation, { toggle, close }] = useDisclosure();
  const [commands, commandsOpened] = useDisclosure();
  const path = useRouterState({ select: ({ location }) => location.pathname });
  useEffect(close, [close, path]);
  const here = useRouterState({ select: ({ location }) => location.publicHref.replace(/#.*/, "") });
  // They are loaded before they are needed, so that no key is lost that is typed at once.
  useEffect(() => {
    const timer = setTimeout(loadCommands, 2_000);
    return () => clearTimeout(timer);
  }, []);
  useShortcuts(commandsOpened.open);
  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 230, breakpoint: "sm", collapsed: { mobile: !navigation } }}
      padding={{ base: "sm", sm: "lg" }}
    >
      <a className="skip-link" href={`${here}#content`}>
        {t.skip}
      </a>
      <AppShell.Header className={classes.header}>
        <Group h="100%" px="md" gap="sm" wrap="nowrap" justify="space-between">
          <Group gap="sm" wrap="nowrap">
            <Burger
              opened={navigation}
              onClick={toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label={t.openNavigation}
            />
            <Link to="/" className={classes.brand}>
              <Group gap="xs" wrap="nowrap">
                <img src={icon} width={26} height={26} alt="" />
                Countersign
              </Group>
            </Link>
          </Group>
          <Button
            variant="default"
            className={classes.search}
            justify="flex-start"
            leftSection={<IconSearch size={16} />}
            rightSection={<Kbd visibleFrom="sm">Ctrl K</Kbd>}
            onClick={commandsOpened.open}
            visibleFrom="xs"
          >
            {t.commands}
          </Button>
          <AccountMenu onCommands={commandsOpened.open} />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar className={classes.navbar} p="xs" aria-label={t.navigation}>
        <Navigation />
      </AppShell.Navbar>
      <AppShell.Main className={classes.main} id="content" tabIndex={-1}>
        <Notices />
        <Content path={path} />
      </AppShell.Main>
      <Suspense>{commands && <Commands onClose={commandsOpened.close} />}</Suspense>
    </AppShell>
  );
}

/** The page at a path, or what the person needs for it. */
function Content({ path }: { path: string }) {
  const { can } = useSession();
  const refused = refusedPage(path, can);
  if (refused) return <RefusedPage {...refused} />;
  return (
    <Suspense>
      <Outlet />
    </Suspense>
  );
}

function Navigation() {
  const t = useMessages(messages);
  const { can } = useSession();
  const { data } = useLiveQuery({ query: InboxCountDocument }, ["inbox"]);
  const inboxCount = data?.viewer.inboxCount ?? 0;
  const path = useRouterState({ select: ({ location }) => location.pathname });
  const shown = PAGES.filter(({ permission, personal }) => !personal && (!permission || can(permission)));
  return shown.map(({ name, to, icon: Icon }) => (
    <NavLink
      key={to}
      className={classes.link}
      component={Link}
      to={to}
      label={t.pages[name]}
      leftSection={<Icon size={18} />}
      rightSection={name === "home" && inboxCount > 0 ? <Text size="sm">{inboxCount}</Text> : undefined}
      active={isWithin(to, path)}
    />
  ));
}

/** What concerns every page: a lost connection, and the account's kill switch. */
function Notices() {
  const t = useMessages(messages);
  const { account } = useSession();
  return (
    <div aria-live="polite">
      {useConnection() === "lost" && (
        <Alert color="orange" icon={<IconPlugConnectedX />} mb="md">
          {t.lost}
        </Alert>
      )}
      {account.signingFrozen && (
        <Alert color="red" icon={<IconSnowflake />} mb="md">
          {t.frozen}{" "}
          <TextLink to="/account" underline="always">
            {t.toKillSwitch}
          </TextLink>
        </Alert>
      )}
    </div>
  );
}
