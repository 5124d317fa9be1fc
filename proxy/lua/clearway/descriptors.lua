-- The sockets of this worker, read from the kernel by FFI. Lua runs inside the worker's process, so it can end a
-- connection that nginx itself offers no way to end: shutdown(2), and nginx sees the end as if the peer had closed.

local ffi = require "ffi"
local bit = require "bit"

local C = ffi.C

ffi.cdef [[
typedef struct clearway_dir clearway_dir;
struct clearway_dirent { uint64_t ino; int64_t off; unsigned short reclen; unsigned char type; char name[256]; };
struct clearway_sockaddr { uint16_t family; uint8_t data[126]; };
clearway_dir *opendir(const char *name);
struct clearway_dirent *readdir(clearway_dir *dir);
int closedir(clearway_dir *dir);
int getsockname(int fd, struct clearway_sockaddr *address, uint32_t *length);
int getpeername(int fd, struct clearway_sockaddr *address, uint32_t *length);
int getsockopt(int fd, int level, int name, void *value, uint32_t *length);
int shutdown(int fd, int how);
int connect(int fd, const struct clearway_sockaddr *address, uint32_t length);
int inet_pton(int family, const char *text, void *bytes);
]]

local AF_UNSPEC, AF_INET, AF_INET6 = 0, 2, 10
local SOL_SOCKET, SO_ACCEPTCONN = 1, 30
local SHUT_RDWR = 2
local IPPROTO_TCP, TCP_INFO = 6, 11
-- States of the kernel's tcp_states.h: this side has ended, the other has not.
local FIN_WAIT1, FIN_WAIT2 = 4, 5

local address = ffi.new("struct clearway_sockaddr")
local length = ffi.new("uint32_t[1]")
local value = ffi.new("int[1]")
local info = ffi.new("int[64]")
local bytes = ffi.new("uint8_t[16]")

local descriptors = {}

local function port_of(socket_address)
  return bit.bor(bit.lshift(socket_address.data[0], 8), socket_address.data[1])
end

-- Address bytes as nginx's $binary_remote_addr has them: 4 or 16.
local function bytes_of(socket_address)
  if socket_address.family == AF_INET then return ffi.string(socket_address.data + 2, 4) end
  return ffi.string(socket_address.data + 6, 16)
end

local function is_internet()
  return address.family == AF_INET or address.family == AF_INET6
end

local function local_port(fd)
  length[0] = ffi.sizeof(address)
  if C.getsockname(fd, address, length) ~= 0 or not is_internet() then return nil end
  return port_of(address)
end

-- Port and address bytes of the other side; nil for a listener and for what is no internet socket.
local function peer_of(fd)
  length[0] = ffi.sizeof(address)
  if C.getpeername(fd, address, length) ~= 0 or not is_internet() then return nil end
  return port_of(address), bytes_of(address)
end

local function is_listener(fd)
  length[0] = 4
  return C.getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, value, length) == 0 and value[0] == 1
end

-- Calls visit(fd) for each open descriptor.
local function each(visit)
  local dir = C.opendir("/proc/self/fd")
  if dir == nil then return end
  -- Collected first: visiting must not change what is being read.
  local fds = {}
  while true do
    local entry = C.readdir(dir)
    if entry == nil then break end
    local fd = tonumber(ffi.string(entry.name))
    if fd then fds[#fds + 1] = fd end
  end
  C.closedir(dir)
  for index = 1, #fds do visit(fds[index]) end
end

-- Ports of the listening sockets that this worker holds, sorted.
function descriptors.listening()
  local seen, ports = {}, {}
  each(function(fd)
    local port = is_listener(fd) and local_port(fd)
    if port and not seen[port] then
      seen[port] = true
      ports[#ports + 1] = port
    end
  end)
  table.sort(ports)
  return ports
end

-- Calls visit(fd, local port, peer port, peer address bytes) for each internet connection, incoming and outgoing.
function descriptors.connections(visit)
  each(function(fd)
    local own = local_port(fd)
    if not own then return end
    local port, bytes = peer_of(fd)
    if port then visit(fd, own, port, bytes) end
  end)
end

-- Ends a connection in both directions; bytes that were sent are still delivered.
function descriptors.shut(fd)
  C.shutdown(fd, SHUT_RDWR)
end

-- True when this side has ended the connection and the other has not.
function descriptors.is_half_closed(fd)
  length[0] = ffi.sizeof(info)
  if C.getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, length) ~= 0 then return false end
  local state = bit.band(info[0], 255)
  return state == FIN_WAIT1 or state == FIN_WAIT2
end

-- Resets a connection: the peer sees its end at once, also when it would have gone on sending.
function descriptors.reset(fd)
  address.family = AF_UNSPEC
  C.connect(fd, address, ffi.sizeof(address))
end

-- Address bytes of an IP literal, as connections() gives them; nil for anything else.
function descriptors.bytes(host)
  if C.inet_pton(AF_INET, host, bytes) == 1 then return ffi.string(bytes, 4) end
  if C.inet_pton(AF_INET6, host, bytes) == 1 then return ffi.string(bytes, 16) end
  return nil
end

return descriptors
