-- Everything that must change together with a job changes here, in one step. `job_lanes.lua` is read before it.

-- One line; the same as one of the last two becomes a count on it, so that a rhythm does not flood the history. `last` is the
-- job's fold1, count1, fold2 and count2; what is returned is to be set in the job.
local function write(id, line, last)
  local list = P .. 'history:' .. id
  for place = 1, 2 do
    if last[place * 2 - 1] == A.fold then
      local count = tonumber(last[place * 2]) + 1
      redis.call('LSET', list, -place, '{"count":' .. count .. ',' .. string.sub(line, 2))
      return {'count' .. place, count}
    end
  end
  if redis.call('RPUSH', list, '{"count":1,' .. string.sub(line, 2)) > 200 then redis.call('LPOP', list) end
  return {'fold2', last[1] or '', 'count2', last[2] or '0', 'fold1', A.fold, 'count1', '1'}
end

-- What a vendor called back to say, sealed, with the time; of each kind the last few.
local function keep(id, kind, said)
  local list = P .. kind .. ':' .. id
  if redis.call('RPUSH', list, num(now) .. ' ' .. said) > A.callbacks_kept then redis.call('LPOP', list) end
end

-- The indexes that a job is in while it stands in a state: of its kind, and of its camera and its kind.
local function enter(id, camera, kind, state)
  local index = 'kind:' .. kind .. ':state:' .. state
  redis.call('ZADD', P .. index, 0, id)
  redis.call('ZADD', P .. 'camera:' .. camera .. ':' .. index, 0, id)
end

local function leave(id, camera, kind, state)
  local index = 'kind:' .. kind .. ':state:' .. state
  redis.call('ZREM', P .. index, id)
  redis.call('ZREM', P .. 'camera:' .. camera .. ':' .. index, id)
end

-- A claim takes a place in every lane, as the claimer knows them; where one has none, the job waits on.
local function admitted(id, old_lanes, lanes, lanes_text)
  for _, lane in ipairs(lanes) do redis.call('HSET', P .. 'rooms', lane.name, lane.room) end
  if places(lanes, 1) > 0 then return true end
  redis.call('HSET', job_key(id), 'lanes', lanes_text)
  offer(id)
  line_up_all(old_lanes)
  return false
end

local operations = {}

function operations.now() return num(now) end

-- The job's fields say what indexes it is in, so that only what changes is touched: `clock` is one of due and ended, `runner`
-- what its lanes show of it while it has places in them, and where nobody may claim it, it stands in no queue.
function operations.commit(doc, line, lanes_text, callback, span)
  local id, key = A.id, job_key(A.id)
  local old = redis.call('HMGET', key, 'version', 'commits', 'state', 'queue', 'lanes', 'runner', 'clock', 'owed',
    'fold1', 'count1', 'fold2', 'count2')
  local version, commits = tonumber(old[1] or '0'), old[2] or ''
  if string.find(commits, A.commit, 1, true) then return 'saved' end
  if version ~= A.version then return 'conflict' end
  if version == 0 and redis.call('HEXISTS', P .. 'wishes', A.wish) == 1 then return 'exists' end

  local old_queue, old_runner, new = old[4] or '', old[6] or '', version == 0
  local same_lanes = old[5] == lanes_text
  local old_lanes = new and {} or cjson.decode(old[5])
  local lanes = same_lanes and old_lanes or cjson.decode(lanes_text)
  if old_queue ~= '' then drop(id, old_queue, old_lanes) end
  if A.claims and old_runner == '' and not admitted(id, old_lanes, lanes, lanes_text) then return 'no-room' end

  local due, owed = present(A.due), present(A.owed)
  local clock = due and 'due' or 'ended'
  redis.call('HSET', key, 'version', version + 1, 'doc', doc, 'state', A.state, 'queue', A.queue, 'urgency', num(A.urgency),
    'lanes', lanes_text, 'runner', A.runner, 'waits', A.waits and '1' or '0', 'give_up', num(A.give_up),
    'clock', clock, 'owed', owed and '1' or '0', 'commits', string.sub(commits .. ' ' .. A.commit, -A.commits_kept),
    unpack(write(id, line, {old[9], old[10], old[11], old[12]})))
  redis.call('ZADD', P .. clock, num(due and A.due or A.updated), id)
  if not new and old[7] ~= clock then redis.call('ZREM', P .. old[7], id) end
  if owed then
    redis.call('ZADD', P .. 'owed', num(A.owed), id)
  elseif old[8] == '1' then
    redis.call('ZREM', P .. 'owed', id)
  end
  if old[3] ~= A.state then
    if not new then leave(id, A.camera, A.kind, old[3]) end
    enter(id, A.camera, A.kind, A.state)
  end
  if new then
    redis.call('HSET', key, 'camera', A.camera, 'kind', A.kind, 'wish', A.wish)
    redis.call('ZADD', P .. 'jobs', 0, id)
    redis.call('ZADD', P .. 'camera:' .. A.camera, 0, id)
    redis.call('HSET', P .. 'wishes', A.wish, id)
  end
  if span ~= '' then
    redis.call('HSET', P .. 'spans:' .. A.camera, A.wish, span)
    redis.call('ZADD', P .. 'spans-by-start:' .. A.camera, num(A.start), A.wish)
  end

  if old_runner ~= A.runner or not same_lanes then
    if old_runner ~= '' then
      for _, lane in ipairs(old_lanes) do redis.call('HDEL', lane_key(lane.name, 'run'), id) end
    end
    if A.runner ~= '' then
      for _, lane in ipairs(lanes) do redis.call('HSET', lane_key(lane.name, 'run'), id, A.runner) end
      if old_runner == '' and lanes[1] then had_its_turn(lanes[1].name) end
    end
  end
  if A.queue ~= '' and (A.runner ~= '' or (due and A.due <= now)) then
    put(id, A.queue, num(A.urgency), lanes[1], A.waits, num(A.give_up))
  end
  for name, closed in pairs(A.closed) do
    redis.call('SET', lane_key(name, 'closed'), num(closed))
    line_up(name)
  end
  if old_queue ~= '' or old_runner ~= A.runner then
    line_up_all(old_lanes)
    if not same_lanes then line_up_all(lanes) end
  end
  if callback ~= '' then keep(id, 'callbacks', callback) end
  return 'saved'
end

function operations.note(line)
  local key = job_key(A.id)
  if redis.call('EXISTS', key) == 1 then
    redis.call('HSET', key, unpack(write(A.id, line, redis.call('HMGET', key, 'fold1', 'count1', 'fold2', 'count2'))))
  end
  return 'saved'
end

function operations.keep(said)
  local there = redis.call('EXISTS', job_key(A.id))
  if there == 1 then keep(A.id, 'refused', said) end
  return there
end

function operations.take()
  redis.call('HDEL', P .. 'neglected', A.queue)
  return redis.call('ZPOPMIN', P .. 'ready:' .. A.queue)[1] or take_turn(A.queue)
end

function operations.take_owed()
  local id = redis.call('ZRANGEBYSCORE', P .. 'owed', '-inf', num(now), 'LIMIT', 0, 1)[1]
  if not id then return false end
  redis.call('ZADD', P .. 'owed', num(now + A.hold), id)
  return id
end

-- Jobs that only wait to be claimed are put (back) into their queues here; the others need somebody to look.
function operations.overdue()
  local clocks = {}
  come_back()
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', P .. 'due', '-inf', num(now))) do
    local f = redis.call('HMGET', job_key(id), 'queue', 'runner', 'give_up', 'lanes')
    local claimable = f[1] and f[1] ~= '' and f[2] == '' and now < tonumber(f[3])
    if claimable and not redis.call('ZSCORE', P .. 'ready:' .. f[1], id) then
      drop(id, f[1], cjson.decode(f[4]))
      offer(id)
    elseif not claimable and #clocks < A.limit then
      clocks[#clocks + 1] = id
    end
  end
  local waiting = {}
  for _, queue in ipairs(redis.call('SMEMBERS', P .. 'queues')) do
    local number = redis.call('ZCARD', P .. 'ready:' .. queue)
    for _, line in ipairs(redis.call('SMEMBERS', P .. 'lines:' .. queue)) do number = number + claimable_in(line) end
    waiting[#waiting + 1] = queue
    waiting[#waiting + 1] = number
    if number > 0 then
      redis.call('HSETNX', P .. 'neglected', queue, num(now))
    else
      redis.call('HDEL', P .. 'neglected', queue)
    end
  end
  return {clocks, waiting, redis.call('ZCOUNT', P .. 'owed', '-inf', num(now))}
end

function operations.overdue_seconds()
  local first = tonumber(redis.call('ZRANGE', P .. 'due', 0, 0, 'WITHSCORES')[2] or now)
  for _, since in ipairs(redis.call('HVALS', P .. 'neglected')) do first = math.min(first, tonumber(since)) end
  return num(math.max(0, now - first))
end

function operations.forget()
  local gone = 0
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', P .. 'ended', '-inf', num(A.before))) do
    if gone >= A.limit then break end
    if not redis.call('ZSCORE', P .. 'owed', id) then
      local f = redis.call('HMGET', job_key(id), 'state', 'camera', 'wish', 'kind')
      redis.call('ZREM', P .. 'ended', id)
      redis.call('ZREM', P .. 'jobs', id)
      leave(id, f[2], f[4], f[1])
      redis.call('ZREM', P .. 'camera:' .. f[2], id)
      if redis.call('HGET', P .. 'wishes', f[3]) == id then redis.call('HDEL', P .. 'wishes', f[3]) end
      redis.call('DEL', job_key(id), P .. 'history:' .. id, P .. 'callbacks:' .. id, P .. 'refused:' .. id)
      gone = gone + 1
    end
  end
  return gone
end

-- `at` is the time, or empty: then the server's own counts. What follows the JSON argument are texts as they are to be kept.
return function(operation, prefix, at, full_device, argument, ...)
  P, A, now, patience = prefix, cjson.decode(argument), tonumber(at), tonumber(full_device)
  if not now then
    local t = redis.call('TIME')
    now = tonumber(t[1]) + tonumber(t[2]) / 1e6
  end
  return operations[operation](...)
end
