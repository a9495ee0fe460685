def extra_get_user_roles(self, username, decoded_access_token):
{%- set rules = patch("superset-sso-assignment-rules") %}
{%- if rules %}
    {{ rules|indent(4) }}
{%- endif %}
    return None
