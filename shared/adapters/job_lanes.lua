-- Who waits for a device, whose turn it is, and how much room there is. Read before `job_store.lua`: one script.
--
-- `P` is the prefix of every key, `A` the argument of the call that is served, `now` the time, `patience` the one with a
-- full device, in seconds: all set by whoever serves the call. All keys share the prefix's hash tag, so one slot.
-- Scores are epoch seconds, written with six digits: Lua's own number format would cut them.
--
-- A job's first lane is its device's own, and there it waits; the others it shares with other devices. The devices that
-- share the same lanes stand in one line, by when each was last given a place. Nobody is given a place before a worker
-- asks for work: only then is it known who needs it most. A device that is found full or closed steps out of the line
-- (`shut`); it comes back when somebody leaves it, when it opens, and in any case after the patience.

local P, A, now, patience

local function num(x) return string.format('%.6f', x) end
local function job_key(id) return P .. 'job:' .. id end
local function lane_key(name, part) return P .. 'lane:' .. name .. ':' .. part end
local function present(x) return x ~= nil and x ~= cjson.null and x ~= false end

-- Until when a lane is closed, or nil. The room is what whoever claimed last knew; before that, what the job knows.
local function closed_until(name)
  local closed = tonumber(redis.call('GET', lane_key(name, 'closed')) or '0')
  return closed > now and closed or nil
end

local function room_left(lane)
  if closed_until(lane.name) then return 0 end
  local room = tonumber(redis.call('HGET', P .. 'rooms', lane.name) or lane.room)
  local runners = redis.call('HLEN', lane_key(lane.name, 'run'))
  return math.max(0, room - runners - redis.call('SCARD', lane_key(lane.name, 'taken')))
end

-- The places that are left in all the lanes from one on.
local function places(lanes, from)
  local left = math.huge
  for place = from, #lanes do left = math.min(left, room_left(lanes[place])) end
  return left
end

local function line_key(queue, lanes)
  local names = {}
  for place = 2, #lanes do names[#names + 1] = lanes[place].name end
  return P .. 'line:' .. queue .. ':' .. table.concat(names, '|')
end

-- A device that waits takes its place in its line again. Those never served come first, by the urgency of their work.
local NEVER = -1e12
local function line_up(device)
  local id = redis.call('ZRANGE', lane_key(device, 'wait'), 0, 0)[1]
  if not id then return end
  local f = redis.call('HMGET', job_key(id), 'queue', 'urgency', 'lanes')
  local line = line_key(f[1], cjson.decode(f[3]))
  redis.call('ZREM', P .. 'shut', device)
  redis.call('ZADD', line, redis.call('HGET', P .. 'turns', device) or num(NEVER + tonumber(f[2])), device)
  redis.call('SADD', P .. 'lines:' .. f[1], line)
end

local function line_up_all(lanes)
  for _, lane in ipairs(lanes) do line_up(lane.name) end
end

-- Devices that were shut and may have room by now.
local function come_back()
  for _, device in ipairs(redis.call('ZRANGEBYSCORE', P .. 'shut', '-inf', num(now))) do
    redis.call('ZREM', P .. 'shut', device)
    line_up(device)
  end
end

local function had_its_turn(device)
  redis.call('HSET', P .. 'turns', device, redis.call('INCR', P .. 'turn'))
end

-- A device's most urgent job, its lanes, and the places of its own lane; nil when it has to step out of the line.
local function next_of(device, line)
  local id = redis.call('ZRANGE', lane_key(device, 'wait'), 0, 0)[1]
  local f = id and redis.call('HMGET', job_key(id), 'queue', 'lanes')
  local lanes = f and cjson.decode(f[2])
  local here = lanes and line_key(f[1], lanes) == line
  local left = here and room_left(lanes[1]) or 0
  if left > 0 then return id, lanes, left end
  redis.call('ZREM', line, device)
  if here then
    redis.call('ZADD', P .. 'shut', num(closed_until(lanes[1].name) or now + patience), device)
  elseif id then
    line_up(device)
  end
end

-- The job whose turn it is in a line, or nil when the line is empty or what all in it share is full.
local function first_in(line)
  while true do
    local first = redis.call('ZRANGE', line, 0, 0, 'WITHSCORES')
    if not first[1] then return nil end
    local id, lanes = next_of(first[1], line)
    if id then
      return places(lanes, 2) > 0 and {id = id, lanes = lanes, turn = tonumber(first[2])} or nil
    end
  end
end

local function first_in_lines(queue)
  local best
  for _, line in ipairs(redis.call('SMEMBERS', P .. 'lines:' .. queue)) do
    local found = first_in(line)
    if found and (not best or found.turn < best.turn or (found.turn == best.turn and found.id < best.id)) then
      best = found
    end
  end
  return best
end

-- How many jobs of a line a worker would be given now.
local function claimable_in(line)
  local number, most = 0, nil
  for _, device in ipairs(redis.call('ZRANGE', line, 0, -1)) do
    local id, lanes, left = next_of(device, line)
    if id then
      most = most or places(lanes, 2)
      number = math.min(most, number + math.min(left, redis.call('ZCARD', lane_key(device, 'wait'))))
      if number == most then break end
    end
  end
  return number
end

-- A job no longer waits, and no worker has it in hand. What it leaves behind it leaves in order.
local function drop(id, queue, lanes)
  if present(queue) then redis.call('ZREM', P .. 'ready:' .. queue, id) end
  for _, lane in ipairs(lanes) do
    redis.call('SREM', lane_key(lane.name, 'taken'), id)
    local waited = redis.call('ZREM', lane_key(lane.name, 'wait'), id) == 1
    if waited and redis.call('EXISTS', lane_key(lane.name, 'wait')) == 0 then
      redis.call('ZREM', line_key(queue, lanes), lane.name)
      redis.call('ZREM', P .. 'shut', lane.name)
    end
  end
end

-- Put a due job, whose fields are written, where workers find it. Where it waits for room nobody need look at it, until it is too old.
local function put(id, queue, urgency, device, waits, give_up)
  redis.call('SADD', P .. 'queues', queue)
  if waits and device then
    redis.call('ZADD', lane_key(device.name, 'wait'), urgency, id)
    redis.call('ZADD', P .. 'due', give_up, id)
    line_up(device.name)
  else
    redis.call('ZADD', P .. 'ready:' .. queue, urgency, id)
  end
end

local function offer(id)
  local f = redis.call('HMGET', job_key(id), 'queue', 'urgency', 'lanes', 'waits', 'give_up')
  put(id, f[1], f[2], cjson.decode(f[3])[1], f[4] == '1', f[5])
end

-- Give the job whose turn it is to a worker. It holds its places until it is claimed, or found by the sweep.
local function take_turn(queue)
  come_back()
  local found = first_in_lines(queue)
  if not found then return false end
  drop(found.id, queue, found.lanes)
  for _, lane in ipairs(found.lanes) do redis.call('SADD', lane_key(lane.name, 'taken'), found.id) end
  redis.call('ZADD', P .. 'due', num(now), found.id)
  had_its_turn(found.lanes[1].name)
  line_up(found.lanes[1].name)
  return found.id
end
