-- Everything that must change together with a record changes here, in one step.
--
-- `P` is the prefix of every key, `A` the argument of the call that is served. All keys share the prefix's hash tag, so one
-- slot. The indexes hold places (the newest of what it tells, then its id), all at score 0, so that they sort as text;
-- `untold` holds ids, each at one more than the last one that was waiting when it came.

local P, A

local function record_key(id) return P .. 'record:' .. id end
local function present(x) return x ~= nil and x ~= cjson.null and x ~= false end

local function leave_indexes(place, camera)
  redis.call('ZREM', P .. 'records', place)
  redis.call('ZREM', P .. 'records:' .. camera, place)
end

local operations = {}

function operations.upsert()
  local key = record_key(A.id)
  local old = redis.call('HMGET', key, 'digest', 'revision', 'place', 'camera')
  if old[1] ~= A.digest then
    redis.call('HSET', key, 'digest', A.digest, 'revision', tonumber(old[2] or '0') + 1)
    redis.call('HSETNX', key, 'told', 0)
    local last = redis.call('ZREVRANGE', P .. 'untold', 0, 0, 'WITHSCORES')[2]
    redis.call('ZADD', P .. 'untold', 'NX', tonumber(last or '0') + 1, A.id)
  end
  if old[3] and old[3] ~= A.place then leave_indexes(old[3], old[4]) end
  redis.call('ZADD', P .. 'records', 0, A.place)
  redis.call('ZADD', P .. 'records:' .. A.camera, 0, A.place)
  redis.call('HSET', key, 'doc', A.doc, 'place', A.place, 'camera', A.camera)
  if present(A.picture) then redis.call('HSET', key, 'picture', A.picture, 'address', A.address) end
  if present(A.media) then redis.call('HSET', key, 'media', A.media) end
  return redis.call('HMGET', key, unpack(A.fields))
end

local function with_job(jobs, job)
  if string.find(jobs, ' ' .. job .. ' ', 1, true) then return jobs end
  return jobs .. job .. ' '
end

function operations.acknowledge()
  local key = record_key(A.id)
  local old = redis.call('HMGET', key, 'revision', 'told', 'jobs')
  if not old[1] then return 0 end
  local told, jobs = math.max(tonumber(old[2]), A.revision), old[3] or ' '
  for _, job in ipairs(A.jobs) do jobs = with_job(jobs, job) end
  redis.call('HSET', key, 'told', told, 'jobs', jobs)
  if told >= tonumber(old[1]) then redis.call('ZREM', P .. 'untold', A.id) end
  return 1
end

function operations.link()
  if redis.call('EXISTS', record_key(A.id)) == 0 then return 0 end
  redis.call('HSET', record_key(A.id), 'picture_key', A.picture_key)
  return 1
end

function operations.name()
  local key = record_key(A.id)
  if redis.call('EXISTS', key) == 0 or redis.call('HSETNX', key, A.place, A.job) == 0 then return 0 end
  redis.call('HSET', key, 'jobs', with_job(redis.call('HGET', key, 'jobs') or ' ', A.job))
  return 1
end

-- Those that stay, for nobody has been told of them, are stepped over; they keep nobody behind them.
function operations.forget()
  local gone, stayed = 0, 0
  while gone < A.limit do
    local places = redis.call('ZRANGEBYLEX', P .. 'records', '-', '(' .. A.before, 'LIMIT', stayed, A.limit - gone)
    if #places == 0 then break end
    for _, place in ipairs(places) do
      local id = string.sub(place, A.id_from)
      if redis.call('ZSCORE', P .. 'untold', id) then
        stayed = stayed + 1
      else
        leave_indexes(place, redis.call('HGET', record_key(id), 'camera'))
        redis.call('DEL', record_key(id))
        gone = gone + 1
      end
    end
  end
  return gone
end

return function(operation, prefix, argument)
  P, A = prefix, cjson.decode(argument)
  return operations[operation]()
end
