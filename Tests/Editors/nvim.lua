-- Drives a real Neovim: a mistake is shown, fixed, a name is renamed, the text is formatted.
-- Run by scripts/editor_tests.sh: nvim --headless -u NONE -S Tests/Editors/nvim.lua, with IRLAS and IRLAS_EDITORS set.

local failures = 0

local function check(condition, what)
  if condition then
    io.stdout:write("ok   " .. what .. "\n")
  else
    failures = failures + 1
    io.stdout:write("FAIL " .. what .. "\n")
  end
end

local function text()
  return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n")
end

local function wait_for(what, condition)
  local done = vim.wait(10000, condition, 5)
  check(done, what)
  return done
end

local function main()
  vim.opt.runtimepath:append(os.getenv("IRLAS_EDITORS") .. "/nvim")
  vim.cmd("filetype plugin on | syntax on")
  require("irlas").setup({ cmd = { os.getenv("IRLAS"), "lsp" } })
  -- The first offer is taken wherever Neovim asks.
  vim.ui.select = function(items, _, choose)
    choose(items[1], 1)
  end

  local path = vim.fn.tempname() .. ".irlas"
  vim.fn.writefile({
    "irlas 1",
    "use std",
    "",
    "network Net(classes = 10) {",
    "  in image: [3, 8, 8]",
    "  stem = image -> conv(3x3, 8) -> bn -> relv",
    "  return stem->global_avg_pool ->   linear(classes)",
    "}",
  }, path)
  vim.cmd("edit " .. path)
  check(vim.bo.filetype == "irlas", "the file type is irlas")
  check(vim.bo.commentstring == "// %s", "comments are known")
  check(vim.fn.synIDattr(vim.fn.synID(4, 1, 1), "name") == "irlasDeclaration", "the syntax is coloured")

  wait_for("a message appears", function()
    return #vim.diagnostic.get(0) == 1
  end)
  local message = vim.diagnostic.get(0)[1] or {}
  check((message.message or ""):find("no layer named `relv`", 1, true) ~= nil, "it names the mistake")
  check(message.lnum == 5 and message.col == 40, "it stands at the mistake")

  vim.api.nvim_win_set_cursor(0, { 6, 41 })
  vim.lsp.buf.code_action()
  wait_for("the code action repairs it", function()
    return text():find("-> relu\n", 1, true) ~= nil
  end)
  wait_for("the message goes away", function()
    return #vim.diagnostic.get(0) == 0
  end)

  vim.api.nvim_win_set_cursor(0, { 6, 3 })
  vim.lsp.buf.rename("trunk")
  wait_for("a rename changes all uses", function()
    return text():find("trunk = image", 1, true) ~= nil and text():find("return trunk->", 1, true) ~= nil
  end)

  if vim.lsp.buf.format then
    vim.lsp.buf.format({ timeout_ms = 5000 })
  else
    vim.lsp.buf.formatting_sync(nil, 5000)
  end
  wait_for("the text is formatted", function()
    return text():find("trunk -> global_avg_pool -> linear(classes)", 1, true) ~= nil
  end)

  local parameters = vim.lsp.util.make_position_params()
  parameters.position = { line = 5, character = 20 }
  local replies = vim.lsp.buf_request_sync(0, "textDocument/hover", parameters, 5000) or {}
  local shown = ""
  for _, reply in pairs(replies) do
    shown = shown .. vim.inspect(reply.result)
  end
  check(shown:find("[8, 8, 8]", 1, true) ~= nil, "hover shows the shape")

  local client = vim.lsp.get_active_clients()[1]
  vim.lsp.stop_client(client.id)
  wait_for("the server stops when asked", function()
    return #vim.lsp.get_active_clients() == 0
  end)
end

local succeeded, problem = pcall(main)
if not succeeded then
  failures = failures + 1
  io.stdout:write("FAIL " .. tostring(problem) .. "\n")
end
vim.cmd(failures == 0 and "qall!" or "cquit 1")
