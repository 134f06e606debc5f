-- Ghost text from finetab in Neovim 0.11 and newer. In your init.lua, with this file in a `lua` folder of 'runtimepath':
--
--   require('finetab').setup({ filetypes = { 'python', 'lua' } })
--
-- Neovim 0.12 shows inline completions by itself, and this file then only starts the server and sets the keys.
-- `vim.g.finetab_status` holds the server's last `didChangeStatus`, for a status line.

local M = {}

local defaults = {
  cmd = { 'finetab', 'serve' },
  filetypes = { 'python', 'javascript', 'typescript', 'go', 'rust', 'java', 'c', 'cpp', 'cs', 'ruby', 'php', 'sh' },
  settings = {}, -- finetab's own, such as { base = 'smollm2-135m' }
  debounce_ms = 75,
  keys = { accept = '<Tab>', accept_word = '<C-Right>', dismiss = '<C-]>' },
}
local options = defaults
local namespace = vim.api.nvim_create_namespace('finetab')
local group = vim.api.nvim_create_augroup('finetab', {})
local timer = assert(vim.uv.new_timer())

-- What is on the screen: { client, buffer, item, text, row, column, tail }. `text` is what is left to insert at
-- row and column (from 0, in bytes); `tail` is the line after it.
local ghost = nil
-- The request under way: { client, id }.
local pending = nil

local function units(text)
  return vim.str_utfindex(text, 'utf-16')
end

local function cursor()
  local place = vim.api.nvim_win_get_cursor(0)
  return place[1] - 1, place[2]
end

local function notify(shown, method, more)
  shown.client:notify(method, vim.tbl_extend('error', { item = shown.item }, more or {}))
end

local function draw()
  vim.api.nvim_buf_clear_namespace(ghost.buffer, namespace, 0, -1)
  local lines = vim.split(ghost.text, '\n')
  local first = table.remove(lines, 1)
  vim.api.nvim_buf_set_extmark(ghost.buffer, namespace, ghost.row, ghost.column, {
    virt_text = { { first, 'Comment' } },
    virt_text_pos = 'inline',
    virt_lines = vim.tbl_map(function(line) return { { line, 'Comment' } } end, lines),
  })
end

local function hide()
  if ghost and vim.api.nvim_buf_is_valid(ghost.buffer) then
    vim.api.nvim_buf_clear_namespace(ghost.buffer, namespace, 0, -1)
  end
  ghost = nil
end

local function withdraw()
  timer:stop()
  if pending then
    pending.client:cancel_request(pending.id)
    pending = nil
  end
end

-- Remembers where the ghost begins now that the cursor stands there.
local function move_to_cursor()
  ghost.row, ghost.column = cursor()
  ghost.tail = vim.api.nvim_get_current_line():sub(ghost.column + 1)
end

local function show(client, buffer, item)
  ghost = { client = client, buffer = buffer, item = item, text = item.insertText }
  move_to_cursor()
  draw()
  notify(ghost, 'textDocument/didShowCompletion')
end

local function ask(client, buffer)
  withdraw()
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  params.context = { triggerKind = 2 }
  local tick, row, column = vim.api.nvim_buf_get_changedtick(buffer), cursor()
  local sent, id = client:request('textDocument/inlineCompletion', params, function(_, result)
    pending = nil
    local item = result and (result.items or result)[1]
    local is_here = vim.api.nvim_get_current_buf() == buffer and vim.api.nvim_buf_get_changedtick(buffer) == tick
    if item and is_here and vim.deep_equal({ row, column }, { cursor() }) and vim.fn.mode():match('^[iR]') then
      show(client, buffer, item)
    end
  end, buffer)
  pending = sent and { client = client, id = id } or nil
end

-- Whether the ghost still fits: the cursor stands before it, or what was typed since is its beginning.
local function typed_through()
  local row, column = cursor()
  local line = vim.api.nvim_get_current_line()
  local typed = line:sub(ghost.column + 1, column)
  if row ~= ghost.row or column < ghost.column or line:sub(column + 1) ~= ghost.tail then return false end
  if not vim.startswith(ghost.text, typed) then return false end
  if typed ~= '' then
    ghost.text = ghost.text:sub(#typed + 1)
    ghost.column = column
    draw()
  end
  return true
end

local function on_change(client, buffer)
  local fits = ghost and ghost.buffer == buffer and typed_through()
  if fits and ghost.text ~= '' then return end
  if ghost and not fits then notify(ghost, 'finetab/didRejectCompletion') end
  hide()
  withdraw()
  timer:start(options.debounce_ms, 0, vim.schedule_wrap(function()
    if vim.api.nvim_get_current_buf() == buffer and vim.fn.mode():match('^[iR]') then ask(client, buffer) end
  end))
end

local function insert(text)
  vim.bo[ghost.buffer].undolevels = vim.bo[ghost.buffer].undolevels -- one undo takes back just this
  local lines = vim.split(text, '\n')
  vim.api.nvim_buf_set_text(ghost.buffer, ghost.row, ghost.column, ghost.row, ghost.column, lines)
  local column = #lines == 1 and ghost.column + #text or #lines[#lines]
  vim.api.nvim_win_set_cursor(0, { ghost.row + #lines, column })
end

local function accept_all()
  local shown = ghost
  insert(shown.text)
  hide()
  if shown.item.command then shown.client:exec_cmd(shown.item.command, { bufnr = shown.buffer }) end
end

local function accept_next_word()
  local word = vim.fn.matchstr(ghost.text, [[^\_s*\%(\k\+\|\%(\k\@!\S\)\+\)]])
  if word == '' or word == ghost.text then return accept_all() end
  insert(word)
  ghost.text = ghost.text:sub(#word + 1)
  move_to_cursor()
  draw()
  local length = units(ghost.item.insertText) - units(ghost.text)
  notify(ghost, 'textDocument/didPartiallyAcceptCompletion', { acceptedLength = length })
end

-- A mapping that is an expression may not change the text: it changes soon after, if the ghost is still there.
local function soon(change)
  vim.schedule(function()
    if ghost then change() end
  end)
  return ghost ~= nil
end

-- These say whether there was something on the screen.

function M.accept()
  if vim.lsp.inline_completion then return vim.lsp.inline_completion.get() end
  return soon(accept_all)
end

function M.accept_word() return soon(accept_next_word) end

function M.dismiss()
  withdraw()
  if not ghost then return false end
  notify(ghost, 'finetab/didRejectCompletion')
  hide()
  return true
end

local function attach(client, buffer)
  local function on(events, callback)
    vim.api.nvim_create_autocmd(events, { group = group, buffer = buffer, callback = callback })
  end
  vim.api.nvim_clear_autocmds({ group = group, buffer = buffer })
  on('BufEnter', function()
    client:notify('textDocument/didFocus', { textDocument = { uri = vim.uri_from_bufnr(buffer) } })
  end)
  if vim.lsp.inline_completion then
    vim.lsp.inline_completion.enable(true, { bufnr = buffer })
    return
  end
  on({ 'InsertEnter', 'TextChangedI', 'CursorMovedI' }, function() on_change(client, buffer) end)
  on({ 'InsertLeave', 'BufLeave' }, function() M.dismiss() end) -- one that returns true would be removed
end

local function start(buffer)
  local capabilities = vim.lsp.protocol.make_client_capabilities()
  -- Else the server takes Neovim 0.11 for an editor without ghost text and offers a menu.
  capabilities.textDocument.inlineCompletion = { dynamicRegistration = false }
  vim.lsp.start({
    name = 'finetab',
    cmd = options.cmd,
    root_dir = vim.fs.root(buffer, { 'finetab.toml', '.git' }),
    init_options = vim.tbl_extend('force', options.settings, { status = true }),
    settings = { finetab = options.settings },
    capabilities = capabilities,
    handlers = { didChangeStatus = function(_, status) vim.g.finetab_status = status end },
    on_attach = attach,
  }, { bufnr = buffer })
end

function M.setup(given)
  options = vim.tbl_deep_extend('force', defaults, given or {})
  for name, key in pairs(options.keys) do
    vim.keymap.set('i', key, function() return M[name]() and '' or key end, { expr = true, desc = 'finetab: ' .. name })
  end
  vim.api.nvim_create_autocmd('FileType', {
    group = group,
    pattern = options.filetypes,
    callback = function(event) start(event.buf) end,
  })
end

return M
