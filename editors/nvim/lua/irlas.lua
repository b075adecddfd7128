-- Starts the language server for IRLAS programs. Works with Neovim 0.7 and later, without plugins.
--
--   require("irlas").setup({
--     cmd = { "irlas", "lsp" },  -- how the server is started
--     keymaps = true,            -- K, gd, gr, <leader>rn, <leader>ca, <leader>f in programs
--     inlay_hints = true,        -- shapes at the ends of lines (Neovim 0.10 and later)
--     on_attach = function(client, buffer) end,
--   })

local M = {}

local options = {
  cmd = { "irlas", "lsp" },
  keymaps = true,
  inlay_hints = true,
  on_attach = nil,
}

-- The running client of each root folder.
local clients = {}

function M.setup(given)
  options = vim.tbl_extend("force", options, given or {})
end

-- The folder that holds the program's repository, or the program itself.
local function root_of(path)
  local folder = vim.fn.fnamemodify(path, ":p:h")
  local above = folder
  while true do
    if vim.fn.isdirectory(above .. "/.git") == 1 then
      return above
    end
    local parent = vim.fn.fnamemodify(above, ":h")
    if parent == above then
      return folder
    end
    above = parent
  end
end

local function format()
  if vim.lsp.buf.format then
    vim.lsp.buf.format()
  else
    vim.lsp.buf.formatting_sync(nil, 2000)
  end
end

local function on_attach(client, buffer)
  vim.api.nvim_buf_set_option(buffer, "omnifunc", "v:lua.vim.lsp.omnifunc")
  if options.keymaps then
    local function map(keys, action, description)
      vim.keymap.set("n", keys, action, { buffer = buffer, desc = description })
    end
    map("K", vim.lsp.buf.hover, "IRLAS: shape, parameters and documentation")
    map("gd", vim.lsp.buf.definition, "IRLAS: definition")
    map("gr", vim.lsp.buf.references, "IRLAS: references")
    map("<leader>rn", vim.lsp.buf.rename, "IRLAS: rename")
    map("<leader>ca", vim.lsp.buf.code_action, "IRLAS: fix or refactor")
    map("<leader>f", format, "IRLAS: format")
    vim.keymap.set("x", "<leader>ca", function()
      if vim.fn.has("nvim-0.8") == 1 then
        vim.lsp.buf.code_action()
      else
        vim.lsp.buf.range_code_action()
      end
    end, { buffer = buffer, desc = "IRLAS: refactor the selection" })
  end
  if options.inlay_hints and vim.lsp.inlay_hint and vim.lsp.inlay_hint.enable then
    pcall(vim.lsp.inlay_hint.enable, true, { bufnr = buffer })
  end
  if options.on_attach then
    options.on_attach(client, buffer)
  end
end

-- Attaches a buffer to the server of its root folder, which is started where it does not run.
function M.attach(buffer)
  local path = vim.api.nvim_buf_get_name(buffer)
  if vim.bo[buffer].buftype ~= "" then
    return
  end
  if vim.fn.executable(options.cmd[1]) ~= 1 then
    vim.notify_once("irlas: `" .. options.cmd[1] .. "` is not on PATH; messages and completion are off", vim.log.levels.WARN)
    return
  end
  local root = root_of(path)
  if not clients[root] then
    clients[root] = vim.lsp.start_client({
      name = "irlas",
      cmd = options.cmd,
      root_dir = root,
      on_attach = on_attach,
      on_exit = function()
        clients[root] = nil
      end,
    })
  end
  if clients[root] then
    vim.lsp.buf_attach_client(buffer, clients[root])
  end
end

return M
