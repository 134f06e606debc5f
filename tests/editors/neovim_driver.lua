-- Sets a headless Neovim up for test_neovim.py and answers its questions.

require('finetab').setup({
  cmd = vim.json.decode(vim.env.FINETAB_COMMAND),
  settings = { base = 'lines' },
  debounce_ms = 10,
})

driver = {}
local sent = {}

vim.api.nvim_create_autocmd('LspAttach', {
  once = true,
  callback = function(event)
    local client = assert(vim.lsp.get_client_by_id(event.data.client_id))
    for _, name in ipairs({ 'notify', 'exec_cmd' }) do
      local send = client[name]
      client[name] = function(self, what, ...)
        table.insert(sent, { what.command or what, (...) })
        return send(self, what, ...)
      end
    end
  end,
})

-- Whether the server has its model in force.
function driver.is_ready()
  local client = vim.lsp.get_clients({ name = 'finetab' })[1]
  if not client or not client.initialized then return false end
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  params.context = { triggerKind = 1 }
  local answer = client:request_sync('textDocument/inlineCompletion', params, 1000, 0)
  return answer ~= nil and answer.result ~= nil
end

-- Row, column and text of what is shown, "" for nothing.
function driver.ghost()
  local id = vim.api.nvim_get_namespaces().finetab
  local mark = vim.api.nvim_buf_get_extmarks(0, id, 0, -1, { details = true })[1]
  if not mark then return '' end
  local lines = { mark[4].virt_text[1][1] }
  for _, line in ipairs(mark[4].virt_lines or {}) do
    table.insert(lines, line[1][1])
  end
  return mark[2] .. ':' .. mark[3] .. ' ' .. table.concat(lines, '\n')
end

-- The parameters of what the client has told the server under a name.
function driver.sent(what)
  local found = vim.tbl_filter(function(message) return message[1] == what end, sent)
  return vim.tbl_map(function(message) return message[2] end, found)
end

function driver.forget() sent = {} end
