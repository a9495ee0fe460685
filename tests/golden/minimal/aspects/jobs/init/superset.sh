# Superset's own database, its roles, accounts and databases. Runs in the image DOCKER_IMAGE_SUPERSET, any number of times.
python -m tutoraspects.superset database
superset db upgrade
superset init
python -m tutoraspects.superset