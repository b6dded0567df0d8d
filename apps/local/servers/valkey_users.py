"""Who may do what in the embedded Valkey, as data: the broker's user runs queues, the operator everything.

A program that reads the broker's address may then lose messages, but neither change the server's
configuration nor read or write files through it.
"""

# Commands of kombu's transport and locks, of Celery's result backend on Redis, and of Backline.
_COMMANDS = """
    auth hello ping echo quit reset select
    client|id client|setinfo client|setname client|getname client|no-evict client|no-touch client|reply
    lpush rpush lpop rpop blpop brpop brpoplpush rpoplpush lmove blmove llen lrange lrem lindex ltrim
    sadd srem smembers sismember scard
    zadd zrem zcard zcount zrange zrangebyscore zrevrange zrevrangebyscore zscore zremrangebyscore
    hset hsetnx hget hmget hgetall hdel hexists hlen hkeys hincrby
    get set setnx setex psetex getset getdel mget mset append incr incrby decr strlen
    exists del unlink type expire pexpire expireat persist ttl pttl
    multi exec discard watch unwatch eval evalsha script|load script|exists
    publish subscribe unsubscribe psubscribe punsubscribe
    info time dbsize waitaof config|get
"""

BROKER = " ".join(f"+{command}" for command in _COMMANDS.split())


def lines(*, password: str, operator_password: str) -> list[str]:
    """Return the lines of the configuration file that define the users."""
    return [
        f"user default on >{password} ~* &* -@all {BROKER}",
        f"user operator on >{operator_password} ~* &* +@all",
    ]
