// Starts `irlas lsp` and joins it to the editor.
"use strict";

const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

function start() {
  const command = vscode.workspace.getConfiguration("irlas").get("path", "irlas");
  client = new LanguageClient(
    "irlas",
    "IRLAS",
    { command, args: ["lsp"] },
    {
      documentSelector: [{ scheme: "file", language: "irlas" }, { scheme: "untitled", language: "irlas" }],
      synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher("**/*.irlas") },
    }
  );
  return client.start().catch((error) => {
    vscode.window.showErrorMessage(`IRLAS: \`${command} lsp\` does not start (${error.message}). See the setting irlas.path.`);
  });
}

async function activate(context) {
  context.subscriptions.push(
    vscode.commands.registerCommand("irlas.restart", async () => {
      await deactivate();
      await start();
    })
  );
  await start();
}

async function deactivate() {
  if (client) {
    const stopping = client;
    client = undefined;
    await stopping.stop().catch(() => {});
  }
}

module.exports = { activate, deactivate };
