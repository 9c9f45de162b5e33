/** @file `hale completion`: what a shell needs to complete commands and options, made from the commands themselves. */
import { Argument, Command } from "commander";

interface Completed {
  /** Words that call it: "train", "data check". */
  path: string;
  words: string[];
}

/** Every command with the words that may follow it. `load` gives all commands in full. */
export function completionCommand(load: () => Promise<Command[]>): Command {
  return new Command("completion")
    .description("Print a script that completes commands and options in your shell")
    .addArgument(new Argument("<shell>").choices(["bash", "zsh", "fish"]))
    .addHelpText(
      "after",
      `
Examples:
  hale completion bash > ~/.local/share/bash-completion/completions/hale
  hale completion zsh > ~/.zfunc/_hale          # a folder of fpath
  hale completion fish > ~/.config/fish/completions/hale.fish`,
    )
    .action(async (shell: "bash" | "zsh" | "fish") => {
      const commands = await load();
      const all = [{ path: "", words: commands.map((one) => one.name()) }, ...commands.flatMap((one) => tree(one, ""))];
      process.stdout.write(SCRIPTS[shell](all));
    });
}

function tree(command: Command, above: string): Completed[] {
  const path = `${above} ${command.name()}`.trim();
  const options = command.options.flatMap(({ long }) => (long ? [long] : []));
  const children = command.commands.map((child) => child.name());
  return [
    { path, words: [...children, ...options, "--help"] },
    ...command.commands.flatMap((child) => tree(child, path)),
  ];
}

const cases = (all: readonly Completed[]) =>
  all.map(({ path, words }) => `    "${path}") words="${words.join(" ")}" ;;`).join("\n");

const SCRIPTS: Record<"bash" | "zsh" | "fish", (all: readonly Completed[]) => string> = {
  bash: (all) => `# Completion of hale for bash.
_hale() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" words="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${path:+$path }\${COMP_WORDS[i]}" in
      ${named(all)}) path="\${path:+$path }\${COMP_WORDS[i]}" ;;
      *) break ;;
    esac
  done
  case "$path" in
${cases(all)}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current") $(compgen -f -- "$current"))
}
complete -o filenames -F _hale hale
`,
  zsh: (all) => `#compdef hale
# Completion of hale for zsh.
_hale() {
  local path_="" words_="" i
  for ((i = 2; i < CURRENT; i++)); do
    case "\${path_:+$path_ }\${words[i]}" in
      ${named(all)}) path_="\${path_:+$path_ }\${words[i]}" ;;
      *) break ;;
    esac
  done
  case "$path_" in
${cases(all).replaceAll('words="', 'words_="')}
  esac
  compadd -- \${=words_}
  _files
}
compdef _hale hale
`,
  fish: (all) =>
    [
      "# Completion of hale for fish.",
      "function __hale_path",
      '  set -l path ""',
      "  for word in (commandline -opc)[2..-1]",
      "    string match -q -- '-*' $word; and break",
      `    contains -- "$path $word" ${paths(all)
        .map((path) => `" ${path}"`)
        .join(" ")}; or break`,
      '    set path "$path $word"',
      "  end",
      '  test "$path" = "$argv[1]"',
      "end",
      ...all.map(
        ({ path, words }) => `complete -c hale -n '__hale_path "${path && ` ${path}`}"' -f -a '${words.join(" ")}'`,
      ),
      "",
    ].join("\n"),
};

/** The words that call each command. */
const paths = (all: readonly Completed[]) => all.flatMap(({ path }) => (path === "" ? [] : [path]));
const named = (all: readonly Completed[]) =>
  paths(all)
    .map((path) => `"${path}"`)
    .join(" | ");
