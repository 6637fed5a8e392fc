"""What the containers of docker-compose.yml run besides the services.

healthcheck.py   in every image: is the deployable ready
secrets.py       once: creates the secrets and gives each container its own
demo.py          once: the demo company, and the tour that `docker compose logs demo` shows
entrypoint.sh    in every image: runs its deployable
postgres/        what the database's image runs when its cluster is new
"""
