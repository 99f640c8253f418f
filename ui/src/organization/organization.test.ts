import { render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { tick } from 'svelte';
import { describe, expect, it } from 'vitest';
import Window from '../App.svelte';
import { App } from '../session/app.svelte';
import { fakeCategories, FakePort, problem, view } from '../shell/fake';
import { fr as words } from '../words/fr';
import { fr } from '../words/office.fr';

async function show(organizations = 3): Promise<FakePort> {
  const port = new FakePort(view({ operator: { ...view().operator!, organizations } }));
  const app = new App(port);
  await app.start();
  render(Window, { app });
  await tick();
  await screen.findByTestId('category-0');
  return port;
}

const items = async (): Promise<HTMLElement[]> => {
  await userEvent.click(screen.getByTestId('organization'));
  return screen.findAllByTestId('organization-item');
};

const total = (): string => (screen.getByTestId('total').textContent ?? '').replace(/[\u00a0\u202f]/g, ' ');

describe('the switcher of organisations', () => {
  it('is not there for somebody with one', async () => {
    await show(1);
    expect(screen.queryByTestId('organization')).toBeNull();
  });

  it('opens with one press and changes with one press, and each organisation keeps its ticket', async () => {
    const port = await show();
    await userEvent.click(screen.getByTestId('category-0'));
    await waitFor(() => expect(total()).toBe('1,00 €'));
    const [mine, other] = await items();
    expect(mine).toHaveAttribute('aria-checked', 'true');
    await waitFor(() => expect(document.activeElement).toBe(mine));
    await userEvent.click(other!);
    await waitFor(() => expect(screen.getByTestId('organization')).toHaveTextContent('Ressourcerie du Port'));
    expect(await screen.findByTestId('toast')).toHaveTextContent(
      fr.organizations.switched('Ressourcerie du Port', fr.roles.user),
    );
    expect(total()).toBe('0,00 €');
    expect(port.puts.at(-1)?.lines).toHaveLength(1);
    const puts = port.puts.length;
    await userEvent.click((await items())[0]!);
    await waitFor(() => expect(total()).toBe('1,00 €'));
    const mineInHand = port.puts.findLast((put) => put.lines.length > 0)!.id;
    expect(port.puts.slice(puts).map((put) => put.id)).not.toContain(mineInHand);
  });

  it('brings the goods and the role of the other organisation', async () => {
    const port = await show();
    await userEvent.click(screen.getByTestId('nav-administration'));
    await screen.findByTestId('screen-administration');
    const asked = port.calls.filter((call) => call === 'categories').length;
    await userEvent.click((await items())[1]!);
    expect(await screen.findByTestId('screen-till')).toBeInTheDocument();
    expect(screen.queryByTestId('nav-administration')).toBeNull();
    await waitFor(() => expect(port.calls.filter((call) => call === 'categories').length).toBeGreaterThan(asked));
    expect(await screen.findByTestId('category-0')).toHaveTextContent(fakeCategories[0]!.name);
  });

  it('holds back with its reason while sales wait', async () => {
    const port = await show();
    port.change({ work: { ...port.current.work, waiting: 3 } });
    const [, other] = await items();
    expect(screen.getByTestId('organization-why')).toHaveTextContent(fr.organizations.unsent(3));
    expect(other).toHaveAttribute('aria-disabled', 'true');
    await userEvent.click(other!);
    expect(port.calls).not.toContain('switchOrganization');
  });

  it('holds back with its reason while the server is out of reach', async () => {
    const port = await show();
    port.change({}, { connection: { kind: 'lost', trouble: 'offline' } });
    await items();
    expect(screen.getByTestId('organization-why')).toHaveTextContent(fr.organizations.offline);
  });

  it('says why the change was refused, and stays', async () => {
    const port = await show();
    port.failures.set('switchOrganization', problem('organization_not_found'));
    await userEvent.click((await items())[1]!);
    expect(await screen.findByTestId('organization-error')).toHaveTextContent(words.errors.organization_not_found);
    expect(screen.getByTestId('organization')).toHaveTextContent('La Boucle');
  });

  it('is walked by keys and left without a change', async () => {
    const port = await show();
    const [mine, other] = await items();
    await userEvent.keyboard('{ArrowDown}');
    expect(document.activeElement).toBe(other);
    await userEvent.keyboard('{Home}');
    await waitFor(() => expect(document.activeElement).toBe(mine));
    await userEvent.keyboard('{Escape}');
    expect(screen.queryByTestId('organization-list')).toBeNull();
    expect(document.activeElement).toBe(screen.getByTestId('organization'));
    expect(port.calls).not.toContain('switchOrganization');
  });
});
