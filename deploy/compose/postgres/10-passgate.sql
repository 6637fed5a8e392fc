-- Run once by the image's entrypoint, over the socket, when the cluster is new.
-- The services' role owns its database and is no superuser; the superuser cannot log in over the network.
\set password `cat /secrets/database_password`
CREATE ROLE passgate LOGIN PASSWORD :'password';
CREATE DATABASE passgate OWNER passgate;
REVOKE ALL ON DATABASE passgate FROM PUBLIC;
ALTER ROLE postgres PASSWORD NULL;
